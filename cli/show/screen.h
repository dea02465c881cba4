/*
 * A terminal that is drawn on from its top, again and again, and is as it was before when that ends, by whatever signal.
 *
 * screen_open(); then screen_read() when screen_fd() can be read, and screen_draw(); screen_close() at the end.
 */
#ifndef SHUNT_CLI_SHOW_SCREEN_H
#define SHUNT_CLI_SHOW_SCREEN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct screen {
	int fd;      /* an epoll descriptor, over those that follow */
	int signals; /* signalfd */
	bool has_keys;
	struct termios before;
	sigset_t mask_before;
	int ended_by; /* a signal to die of; 0: none */
};

/* False: this is no terminal that can be drawn on (errno). */
bool screen_open(struct screen *screen);
void screen_close(struct screen *screen);

enum screen_news { SCREEN_NOTHING, SCREEN_REDRAW, SCREEN_END };

/* What the keyboard and the signals say; never waits. */
enum screen_news screen_read(struct screen *screen);

/* Lines of the window. */
size_t screen_rows(void);

/* Lines, each with its end, no more than screen_rows(). What does not fit into a line is cut by the terminal. */
void screen_draw(const char *text);

#endif
