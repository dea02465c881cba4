#include "show/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ROWS_DEFAULT 24u

/* ECMA-48 and xterm's private modes: alternate screen, no cursor, no wrapping; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH };

static void say(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

/* Keys are delivered one at a time and not echoed. */
static void take_terminal(struct screen *screen)
{
	struct termios mode;

	if (screen->has_keys) {
		mode = screen->before;
		mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
	}
	say(ENTER);
}

static void give_terminal_back(struct screen *screen)
{
	say(LEAVE);
	if (screen->has_keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->before);
}

static bool watch(struct screen *screen, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(screen->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool screen_open(struct screen *screen)
{
	sigset_t signals;

	*screen = (struct screen){ .fd = -1, .signals = -1 };
	if (!isatty(STDOUT_FILENO))
		return false;
	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		sigaddset(&signals, watched[i]);
	sigprocmask(SIG_BLOCK, &signals, &screen->mask_before);
	screen->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	screen->fd = epoll_create1(EPOLL_CLOEXEC);
	if (screen->signals < 0 || screen->fd < 0 || !watch(screen, screen->signals)) {
		sigprocmask(SIG_SETMASK, &screen->mask_before, NULL);
		return false;
	}
	screen->has_keys =
	        tcgetattr(STDIN_FILENO, &screen->before) == 0 && watch(screen, STDIN_FILENO);
	take_terminal(screen);
	return true;
}

void screen_close(struct screen *screen)
{
	give_terminal_back(screen);
	close(screen->fd);
	close(screen->signals);
	sigprocmask(SIG_SETMASK, &screen->mask_before, NULL);
	if (screen->ended_by) {
		signal(screen->ended_by, SIG_DFL);
		raise(screen->ended_by);
	}
}

/* What a shell expects of a program stopped by Ctrl-Z: the terminal's settings are restored. */
static void stop(struct screen *screen)
{
	give_terminal_back(screen);
	raise(SIGSTOP);
	take_terminal(screen);
}

static enum screen_news read_signals(struct screen *screen)
{
	enum screen_news news = SCREEN_NOTHING;
	struct signalfd_siginfo info;

	while (read(screen->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			stop(screen);
			news = SCREEN_REDRAW;
			break;
		case SIGCONT:
		case SIGWINCH: news = SCREEN_REDRAW; break;
		case SIGINT: return SCREEN_END;
		default: screen->ended_by = (int)info.ssi_signo; return SCREEN_END;
		}
	}
	return news;
}

static bool is_readable(const struct screen *screen, int fd)
{
	struct epoll_event events[2];
	int count = epoll_wait(screen->fd, events, 2, 0);

	for (int i = 0; i < count; i++)
		if (events[i].data.fd == fd)
			return true;
	return false;
}

/* The end of standard input is no reason to stop, but it must not be polled again. */
static enum screen_news read_keys(struct screen *screen)
{
	char keys[64];
	ssize_t got;

	if (!screen->has_keys || !is_readable(screen, STDIN_FILENO))
		return SCREEN_NOTHING;
	got = read(STDIN_FILENO, keys, sizeof(keys));
	if (got <= 0) {
		epoll_ctl(screen->fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
		return SCREEN_NOTHING;
	}
	return memchr(keys, 'q', (size_t)got) ? SCREEN_END : SCREEN_NOTHING;
}

enum screen_news screen_read(struct screen *screen)
{
	enum screen_news news = read_signals(screen);

	return news == SCREEN_NOTHING ? read_keys(screen) : news;
}

size_t screen_rows(void)
{
	struct winsize window;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_row == 0)
		return ROWS_DEFAULT;
	return window.ws_row;
}

/* No newline after the last line: the terminal would scroll. */
void screen_draw(const char *text)
{
	fputs(HOME, stdout);
	while (*text) {
		size_t length = strcspn(text, "\n");

		/* Before the text: after a full line it would erase the last column. */
		fputs(CLEAR_LINE, stdout);
		fwrite(text, 1, length, stdout);
		text += length;
		if (*text == '\n' && *++text)
			fputs("\r\n", stdout);
	}
	say(CLEAR_BELOW);
}
