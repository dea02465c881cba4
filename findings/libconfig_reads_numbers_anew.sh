#!/usr/bin/env bash
# libconfig reads one valid file as three: a leading zero and a hexadecimal number beyond 32 bits change their value with the release.
#
# Seen with libconfig 1.5 (bookworm), 1.7.3 (trixie) and 1.8.2 (sid), no error in any: `017` is 17, 15 and 17; `0x1FFFFFFFF` is -1, -1 and
# 8589934591. Write neither; a program that reads such files with more than one release has to refuse both by itself.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm libconfig9=1.5-0.4 libconfig-dev
packages trixie libconfig11=1.7.3-2 libconfig-dev
packages sid libconfig15=1.8.2+ds-1 libconfig-dev
cat >"$work/try.c" <<'END'
#include <libconfig.h>
#include <stdio.h>
int main(void)
{
	config_t config;
	config_init(&config);
	if (!config_read_string(&config, "zero = 017; wide = 0x1FFFFFFFF;"))
		return 1;
	config_setting_t *zero = config_lookup(&config, "zero"), *wide = config_lookup(&config, "wide");
	printf("017 is %d, 0x1FFFFFFFF is %lld\n", config_setting_get_int(zero),
	       config_setting_type(wide) == CONFIG_TYPE_INT64 ? config_setting_get_int64(wide) : (long long)config_setting_get_int(wide));
	config_destroy(&config);
	return 0;
}
END
build config bookworm trixie sid
observe "$(isolated bash "$work/run" 2>&1)" 'bookworm: 017 is 17, 0x1FFFFFFFF is -1
trixie: 017 is 15, 0x1FFFFFFFF is -1
sid: 017 is 17, 0x1FFFFFFFF is 8589934591'
