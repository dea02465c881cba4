#include "show/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 80u /* also if it is not a terminal, or its size is unknown */
#define WIDTH_MAX 120u

const char *terminal_health_colour(const char *health)
{
	static const struct {
		const char *health, *colour;
	} colours[] = { { "up", TERMINAL_GREEN }, { "down", TERMINAL_RED } };

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(colours[i].health, health) == 0)
			return colours[i].colour;
	return TERMINAL_YELLOW;
}

bool terminal_colours(FILE *out)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	return isatty(fileno(out)) && term && *term && strcmp(term, "dumb") != 0 &&
	       !(no_colour && *no_colour);
}

size_t terminal_width(FILE *out)
{
	struct winsize window;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &window) < 0 ||
	    window.ws_col < WIDTH_MIN)
		return WIDTH_MIN;
	return window.ws_col < WIDTH_MAX ? window.ws_col : WIDTH_MAX;
}
