#include "config/error.h"

#include <stdarg.h>
#include <stdio.h>

bool config_error(char error[CONFIG_ERROR_MAX], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, CONFIG_ERROR_MAX, format, arguments);
	va_end(arguments);
	for (char *p = error; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	return false;
}
