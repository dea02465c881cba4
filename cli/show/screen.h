/*
 * Full-screen drawing on a terminal, whose state is restored at the end, whatever signal ends the
 * program.
 *
 * Usage: screen_open(); then screen_read() when screen_fd() is readable, and screen_draw();
 * screen_close() at the end.
 */
#ifndef SHUNT_CLI_SHOW_SCREEN_H
#define SHUNT_CLI_SHOW_SCREEN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct screen {
	int fd;      /* an epoll descriptor that watches those below */
	int signals; /* signalfd */
	bool has_keys;
	struct termios before;
	sigset_t mask_before;
	int ended_by; /* the signal that is to end the program; 0: none */
};

/* Returns false and sets errno if this is not a terminal that can be drawn on. */
bool screen_open(struct screen *screen);
void screen_close(struct screen *screen);

enum screen_news { SCREEN_NOTHING, SCREEN_REDRAW, SCREEN_END };

/* Reads pending keys and signals; never blocks. */
enum screen_news screen_read(struct screen *screen);

/* The number of lines of the window. */
size_t screen_rows(void);

/*
 * Lines, each with its newline, at most screen_rows(). The terminal cuts lines that are too long.
 */
void screen_draw(const char *text);

#endif
