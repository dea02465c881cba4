#include "base/versions.h"

#include <gnu/libc-version.h>
#include <jansson.h>

#include "shunt/version.h"

void versions_print(FILE *out)
{
	fprintf(out, "shunt %s\njansson %s\nglibc %s\n", SHUNT_VERSION, jansson_version_str(),
	        gnu_get_libc_version());
}
