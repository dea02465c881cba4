/*
 * The configuration: every error path with its exact line, what good files mean, and that the shipped files and the manual
 * tell of every option with its type, bounds and default.
 *
 * Each case writes files into a folder of its own below TMPDIR, where the test has gone; shipped files are read from the
 * repository's root, where tests start.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <ftw.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/duration.h"
#include "daemon/config/config.h"
#include "daemon/config/load.h"
#include "daemon/config/options.h"
#include "daemon/event/type.h"
#include "daemon/policy/spread.h"
#include "tests/support/unit.h"

static char folder[256]; /* absolute */
static int root_fd;      /* the repository */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- files ----------------------------------------------------------------------------------- */

static void write_bytes(const char *name, const char *bytes, size_t length)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static void write_secret(const char *name, const char *text)
{
	write_text(name, text);
	assert_int_equal(chmod(name, 0640), 0);
}

static char *read_text(const char *path)
{
	int fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *text;

	if (fd < 0)
		fail_msg("%s cannot be opened", path);
	assert_int_equal(fstat(fd, &status), 0);
	text = calloc(1, (size_t)status.st_size + 1);
	assert_non_null(text);
	assert_int_equal(read(fd, text, (size_t)status.st_size), status.st_size);
	close(fd);
	return text;
}

/* A certificate that OpenSSL reads; nobody uses it. */
static const char certificate[] =
        "-----BEGIN CERTIFICATE-----\n"
        "MIIBdDCCARugAwIBAgIUeOte75NImVUmCjhy83UCT7ipmWIwCgYIKoZIzj0EAwIw\n"
        "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMwNTU1MDdaGA8yMTI2MTAzMDA1NTUw\n"
        "N1owDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHkd\n"
        "dMZRi1MdRW90/G3Q9G70QvX5qNSWsug7LXldHfEXRx80wqTNVbmq8Lf3w0VN/rgR\n"
        "KWQM9vUVRepdKRGqKoyjUzBRMB0GA1UdDgQWBBTlHpflf++o61iTeBYuKyDa+dSW\n"
        "YzAfBgNVHSMEGDAWgBTlHpflf++o61iTeBYuKyDa+dSWYzAPBgNVHRMBAf8EBTAD\n"
        "AQH/MAoGCCqGSM49BAMCA0cAMEQCIBa7gYDBfHWEVtFSYFQNSscFLfbpaW29qNa6\n"
        "YYfm+W5EAiBvXehhTqEHmv38io+EHWRuufeYCyVd1lDzSxu2/OtL4Q==\n"
        "-----END CERTIFICATE-----\n";

/* Another one with its key, and that key with a password. */
static const char pair[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBdDCCARugAwIBAgIUQGVIdI135R1X+NVF6Wa8f3DMsTwwCgYIKoZIzj0EAwIw\n"
                           "DzENMAsGA1UEAwwEcGFpcjAgFw0yNjExMjUwNDMwNDdaGA8yMTI2MTEwMTA0MzA0\n"
                           "N1owDzENMAsGA1UEAwwEcGFpcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPYk\n"
                           "0PamoqHEmDkqW94FRYGk9xz8VvA9eQAz9vGsnkAIQSKwNkN5lgjgZKwFZjpazBUe\n"
                           "Fgd6kqYusglymqu/S1KjUzBRMB0GA1UdDgQWBBSiiSvmmAy2qVox+Pdq2STAQtEx\n"
                           "+DAfBgNVHSMEGDAWgBSiiSvmmAy2qVox+Pdq2STAQtEx+DAPBgNVHRMBAf8EBTAD\n"
                           "AQH/MAoGCCqGSM49BAMCA0cAMEQCIF3FSKXWjwVji/XLE5hSVRZXFz3+NcQMUysm\n"
                           "s+xMU+caAiAvHCLWSHWRac4neuCdFsPulZghmrr0KbIlNq9FBWnI1g==\n"
                           "-----END CERTIFICATE-----\n"
                           "-----BEGIN PRIVATE KEY-----\n"
                           "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAVUXIC/CzXBB1ZSl\n"
                           "azv/G6KL/vxIZFf3K4OcwHt6mpmhRANCAAT2JND2pqKhxJg5KlveBUWBpPcc/Fbw\n"
                           "PXkAM/bxrJ5ACEEisDZDeZYI4GSsBWY6WswVHhYHepKmLrIJcpqrv0tS\n"
                           "-----END PRIVATE KEY-----\n";
static const char locked[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                             "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjA1URHxEBu0wICCAAw\n"
                             "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEG+nZDs4KFRQ/jtMEuHRup4EgZC5\n"
                             "rtgnRPIVS/UjyWkPu2Kkq719GfyadgVE/No0xUcUV/4XLSYy84hMcNrkYNps0sSN\n"
                             "wHASKonNiyPdx/qS+YG/RlsVNCU40O9uSxR0g+k1Iy8ClR/MI592Qk43abO81e2I\n"
                             "vqcZgVaqV85R+EMsEVK+xiGhR0NlPArAaHuQGCsMGyewRNJ0DU+dprlko4tI4Iw=\n"
                             "-----END ENCRYPTED PRIVATE KEY-----\n";

/* What the cases below name besides t.conf. */
static int make_files(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/shunt-config-XXXXXX",
	         getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || !mkdtemp(folder) || chdir(folder) < 0 || !getcwd(folder, sizeof(folder)))
		return -1;
	assert_int_equal(mkdir("sub", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0644), 0);
	write_text("good.pem", certificate);
	write_bytes("cut.pem", certificate, 120);
	write_text("damaged.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
	write_text("encrypted.pem", "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
	                            "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
	                            "MIIB\n-----END CERTIFICATE-----\n");
	write_text("none.pem", "no certificate\n");
	write_secret("pair.pem", pair);
	write_secret("private.pem", certificate);
	write_secret("locked.pem", locked);
	write_secret("good", "user:pass: word\nrest\n");
	write_secret("other", "user:another word");
	write_secret("nobody", ":password\n");
	write_text("open", "user:password\n");
	write_text("program", "#!/bin/sh\n");
	assert_int_equal(chmod("program", 0755), 0);
	write_text("loop.conf", "@include \"loop.conf\"\n");
	write_text("bad.conf", "\n\nsocket = 1;\n");
	write_text("cut.conf", "socket = \"/run");
	write_text("open.conf", "\nchecks: {\n");
	write_text("outer.conf", "stale_limit = \"1m\";\n@include \"sub/inner.conf\"\nuser = 7;\n");
	write_text("sub/inner.conf", "http_hosts = [ \"a.example\" ];\n");
	write_text("more.conf", "{ name = \"WWW.\"; primary: { address = \"192.0.2.1\"; }; }");
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int remove_files(void **state)
{
	(void)state;
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	close(root_fd);
	return 0;
}

/* --- mistakes -------------------------------------------------------------------------------- */

struct mistake {
	const char *text;  /* of t.conf */
	const char *error; /* the folder's name, wherever it stands, is written as DIR */
};

#define TEXT_253                                                                                   \
	"a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g23456789.h23456789."         \
	"i23456789.j23456789.k23456789.l23456789.m23456789.n23456789.o23456789.p23456789."         \
	"q23456789.r23456789.s23456789.t23456789.u23456789.v23456789.w23456789.x23456789."         \
	"y23456789.z23"
#define TEXT_63 "a23456789012345678901234567890123456789012345678901234567890123"

#define FILE_WITH(settings) settings " records: ();"
#define CHECK_WITH(settings) "checks: { web: { " settings " }; }; records: ();"
#define HTTP_WITH(settings) CHECK_WITH("type = \"http\"; " settings)
#define HTTPS_WITH(settings) CHECK_WITH("type = \"https\"; " settings)
#define TLS_WITH(settings) CHECK_WITH("type = \"tls\"; port = 636; " settings)
#define EXEC_WITH(settings) CHECK_WITH("type = \"exec\"; " settings)
#define CALCULATED_WITH(settings)                                                                  \
	"checks: { web: { type = \"http\"; }; all: { type = \"calculated\"; " settings             \
	" }; }; records: ();"
#define NOTIFY_WITH(settings) FILE_WITH("notify: ( { " settings " } );")
#define FLEET_WITH(settings) FILE_WITH("fleet: { " settings " };")
#define MEMBER_WITH(url) FLEET_WITH("etcd = [ \"" url "\" ];")
#define NO_HOST(url)                                                                               \
	"t.conf:1: fleet.etcd[0]: \"" url "\" is no host and port; write it as in "                \
	"\"https://10.0.0.1:2379\""
#define HTTPS_FLEET(settings) FLEET_WITH("etcd = [ \"https://a:1\" ]; " settings)
#define GOOD_FLEET(settings) HTTPS_FLEET("prefix = \"/a\"; site = \"b\"; " settings)
#define SCOPE_WITH(settings)                                                                       \
	"fleet: { etcd = [ \"https://a:1\" ]; prefix = \"/a\"; site = \"b\"; }; "                  \
	"records: ( { name = \"www\"; " GOOD_PRIMARY settings " } );"
#define NO_SHARE "t.conf:1: records[0].share: is no percentage; write it as in \"50%\""
#define NEST(name, child) name ": { type = \"calculated\"; of = [ \"" child "\" ]; };"
#define RECORD_WITH(settings) "records: ( { name = \"www\"; " settings " } );"
#define GOOD_PRIMARY "primary: { address = \"192.0.2.1\"; }; "
#define PRIMARY_WITH(settings) RECORD_WITH("primary: { " settings " };")
#define CHECK_OPTIONS                                                                              \
	"type, port, path, host, method, headers, credentials_file, expect_status, "               \
	"expect_header, expect_body, body_limit, tls_verify, ca_file, sni, client_cert, "          \
	"client_key, cert_warning, source, interval, fast_interval, down_interval, timeout, "      \
	"connect_timeout, watch, fall, rise, invert, disabled, command, pass_status, "             \
	"none_status, of, "                                                                        \
	"at_least"
#define TYPES "\"http\", \"https\", \"tcp\", \"tls\", \"exec\" or \"calculated\""
#define ENDPOINT "{ address = \"192.0.2.2\"; }"

#define LETTERS                                                                                    \
	"t.conf:1: syntax error: a number with letters behind it; write a whole number alone, "    \
	"and "                                                                                     \
	"anything else in double quotes, as in \"10s\""
#define LEADING_ZERO                                                                               \
	"t.conf:1: syntax error: a number that begins with 0, which may be octal or decimal; "     \
	"remove the 0"
#define UTF_16                                                                                     \
	"t.conf:1: syntax error: the file is UTF-16 or UTF-32; save it as UTF-8, or convert it "   \
	"with iconv -f UTF-16 -t UTF-8"

static const struct mistake mistakes[] = {

	/* the text */
	{ FILE_WITH("port = 4294967376;"),
	  "t.conf:1: port: unknown setting; known here are socket, control, state_dir, "
	  "stale_limit, isolation, reset_socket, reset_rate, user, exec_user, http, http_hosts, "
	  "resolvers, notify, door, door_socket, fleet, checks, records" },
	{ HTTP_WITH("port = 4294967376;"),
	  "t.conf:1: checks.web.port: is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = 0x100000050;"),
	  "t.conf:1: checks.web.port: is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = 4294967376L;"),
	  "t.conf:1: checks.web.port: is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = 0x100000050LL;"),
	  "t.conf:1: checks.web.port: is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = 18446744073709551696;"),
	  "t.conf:1: checks.web.port: is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = -4294967216;"),
	  "t.conf:1: checks.web.port: is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("expect_status = [ 200, 4294967496 ];"),
	  "t.conf:1: checks.web.expect_status[1]: is out of bounds; write 100 to 599" },
	{ "a = 1;\nrecords = ();\n@include \"sub\"\n",
	  "t.conf:3: @include: cannot read \"sub\": it is a folder; a relative path starts at the "
	  "configuration's folder" },
	{ "@include \"absent.conf\"\nrecords: ();",
	  "t.conf:1: @include: cannot read \"absent.conf\": No such file or directory; a relative "
	  "path starts at the configuration's folder" },
	{ "@include \"fifo\"\nrecords: ();",
	  "t.conf:1: @include: cannot read \"fifo\": it is not a regular file; a relative path "
	  "starts at the configuration's folder" },
	{ "@include \"loop.conf\"\nrecords: ();", "loop.conf:1: @include: more than 10 files deep; "
	                                          "make sure that no file includes itself" },
	{ "records: ();\n@include \"bad.conf\"\n",
	  "bad.conf:3: socket: must be a string; write it in double quotes" },
	{ "records: ();\n@include \"cut.conf\"\n",
	  "cut.conf:1: syntax error: a string does not end on its line; add the closing \"" },
	{ "records: ();\n@include \"open.conf\"\n",
	  "open.conf:2: syntax error: \"{\" is not closed; add \"}\"" },
	{ "records: ();\n@include \"outer.conf\"\n",
	  "outer.conf:3: user: must be a string; write it in double quotes" },
	{ "records: (); @include \"bad.conf\"\n",
	  "t.conf:1: syntax error: \"@\" begins nothing known; write @include \"FILE\" on a line "
	  "of its own" },
	{ "@include bad.conf\nrecords: ();", "t.conf:1: syntax error: \"@\" begins nothing known; "
	                                     "write @include \"FILE\" on a line of its own" },
	{ "@include \"bad.conf\nrecords: ();",
	  "t.conf:1: syntax error: \"@\" begins nothing known; write @include \"FILE\" on a line "
	  "of its own" },
	{ "@include\"bad.conf\"\nrecords: ();",
	  "t.conf:1: syntax error: \"@\" begins nothing known; write @include \"FILE\" on a line "
	  "of its own" },
	{ "records: (\n{ name = \"www\"; primary: { address = \"192.0.2.1\"; }; },\n@include "
	  "\"more.conf\"\n);\n",
	  "more.conf:1: records[1].name: \"WWW\" stands already at t.conf:2; remove one of the "
	  "two" },
	{ "records: (\n@include \"more.conf\"\n,\n{ name = \"b\"; aliases = [ \"www\" ]; primary: "
	  "{ address = \"192.0.2.1\"; }; }\n);\n",
	  "t.conf:4: records[1].aliases[0]: \"www\" stands already at more.conf:1; remove one of "
	  "the two" },
	{ "socket = \"/run;\nrecords: ();",
	  "t.conf:1: syntax error: a string does not end on its line; add the closing \"" },
	{ "/* never ends\nrecords: ();", "t.conf:1: syntax error: a comment does not end; add */" },
	{ "socket = \"a\\x00b\"; records: ();",
	  "t.conf:1: syntax error: \\x00 cannot stand in a string; remove it" },
	{ "\n\"socket\" = 1; records: ();", "t.conf:2: syntax error: a string without a setting's "
	                                    "name before it; write name = \"...\"" },
	{ "records: ( { name = \"a\", \"b\" } );",
	  "t.conf:1: syntax error: a string without a setting's name before it; write name = "
	  "\"...\"" },
	{ "records: ( { name = \"a\"; }\n{ name = \"b\"; } );",
	  "t.conf:2: syntax error: something is missing or too much here; settings are NAME = "
	  "VALUE; strings stand in double quotes, and list elements need a comma between them" },
	{ "records: ( );\nuser \"root\";", "t.conf:2: syntax error: a string without a setting's "
	                                   "name before it; write name = \"...\"" },
	{ "records: ();\nuser = ;",
	  "t.conf:2: syntax error: something is missing or too much here; settings are NAME = "
	  "VALUE; strings stand in double quotes, and list elements need a comma between them" },
	{ "records: ();\nuser = \"a\";\nuser = \"b\";",
	  "t.conf:3: syntax error: duplicate setting name; a name stands once in its group, remove "
	  "one" },
	{ "records: ();\nresolvers = [ \"::1\", 3 ];",
	  "t.conf:2: syntax error: mismatched element type in array; write the elements of [ ] in "
	  "one type, or a list in ( )" },
	{ "records: ( { name = \"a\"; }, );",
	  "t.conf:1: syntax error: a comma before \")\"; remove the comma" },
	{ "records: ();\naliases = [ \"a\",\n];",
	  "t.conf:3: syntax error: a comma before \"]\"; remove the comma" },
	{ "records: ( { name = \"a\"; ] );",
	  "t.conf:1: syntax error: \"]\" does not close \"{\" of t.conf:1; write \"}\"" },
	{ "records: ();\n}", "t.conf:2: syntax error: \"}\" closes nothing; remove it" },
	{ "records: (\n{", "t.conf:2: syntax error: \"{\" is not closed; add \"}\"" },
	{ "x = (((((((((((((((((((((((((((((((((",
	  "t.conf:1: syntax error: nested more than 32 deep; close the brackets before" },
	{ "records: (); $",
	  "t.conf:1: syntax error: something is missing or too much here; settings are NAME = "
	  "VALUE; strings stand in double quotes, and list elements need a comma between them" },
	{ HTTP_WITH("port = 1e5;"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = 1e-5;"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = 8.0E+1;"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = -.5;"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = 9.;"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = .;"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = 80abc = 3;"), LETTERS },
	{ HTTP_WITH("port = 1e = 3;"), LETTERS },
	{ HTTP_WITH("port = 0b11;"), LETTERS },
	{ HTTP_WITH("port = 0o17;"), LETTERS },
	{ HTTP_WITH("port = 80_000;"), LETTERS },
	{ HTTP_WITH("timeout = 10s;"), LETTERS },
	{ HTTP_WITH("port = 017;"), LEADING_ZERO },
	{ HTTP_WITH("port = +017;"), LEADING_ZERO },
	{ HTTP_WITH("expect_status = [ 0200L ];"), LEADING_ZERO },
	{ HTTP_WITH("port = 0x1FFFFFFFF;"),
	  "t.conf:1: checks.web.port: is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = 0;"),
	  "t.conf:1: checks.web.port: 0 is out of bounds; write 1 to 65535" },
	{ "\xef\xbb\xbfrecords: [ 1 ];",
	  "t.conf:1: records: must be a list of records; write ( { ... } )" },
	{ "\xff\xfer", UTF_16 },
	{ "\xfe\xff", UTF_16 },
	{ HTTP_WITH("port = +;"),
	  "t.conf:1: syntax error: something is missing or too much here; settings are NAME = "
	  "VALUE; strings stand in double quotes, and list elements need a comma between them" },
	{ "@include \"a\\\"b\"\nrecords: ();",
	  "t.conf:1: @include: cannot read \"a\"b\": No such file or directory; a relative path "
	  "starts at the configuration's folder" },
	{ "@include \"/dev/null\"\nrecords: ();",
	  "t.conf:1: @include: cannot read \"/dev/null\": it is not a regular file; a relative "
	  "path starts at the configuration's folder" },

	/* the file */
	{ "", "t.conf:1: records: is missing; write records: ( { ... }, { ... } );" },
	{ "# nothing but a comment, without a newline",
	  "t.conf:1: records: is missing; write records: ( { ... }, { ... } );" },
	{ "recrods: ();", "t.conf:1: recrods: unknown setting; did you mean \"records\"?" },
	{ "records: { };", "t.conf:1: records: must be a list of records; write ( { ... } )" },
	{ "records: [ \"a\" ];",
	  "t.conf:1: records: must be a list of records; write ( { ... } )" },
	{ "records: \"a\";", "t.conf:1: records: must be a list of records; write ( { ... } )" },
	{ FILE_WITH("zebra = 1;"),
	  "t.conf:1: zebra: unknown setting; known here are socket, control, state_dir, "
	  "stale_limit, isolation, reset_socket, reset_rate, user, exec_user, http, http_hosts, "
	  "resolvers, notify, door, door_socket, fleet, checks, records" },
	{ FILE_WITH("Socket = \"/run/x\";"),
	  "t.conf:1: Socket: unknown setting; did you mean \"socket\"?" },
	{ FILE_WITH("socket = 5;"),
	  "t.conf:1: socket: must be a string; write it in double quotes" },
	{ FILE_WITH("socket = \"\";"), "t.conf:1: socket: is empty; write the path of a file" },
	{ FILE_WITH("socket = \"/run/shunt/\";"),
	  "t.conf:1: socket: ends in \"/\"; write the path without it" },
	{ FILE_WITH("socket = \"/" TEXT_63 "/" TEXT_63 "\";"),
	  "t.conf:1: socket: is too long; write an absolute path of at most 107 bytes" },
	{ FILE_WITH("socket = \"/run/a\";\ncontrol = \"/run/a\";"),
	  "t.conf:2: control: socket and control are the same path; write another" },
	{ FILE_WITH("socket = \"/run/shunt/control.sock\";"),
	  "t.conf:1: socket: socket and control are the same path; write another" },
	{ FILE_WITH("control = 1;"),
	  "t.conf:1: control: must be a string; write it in double quotes" },
	{ FILE_WITH("control = \"/run/shunt/shunt.sock\";"),
	  "t.conf:1: control: socket and control are the same path; write another" },
	{ FILE_WITH("state_dir = [ ];"),
	  "t.conf:1: state_dir: must be a string; write it in double quotes" },
	{ FILE_WITH("stale_limit = 10;"),
	  "t.conf:1: stale_limit: 10 has no unit; write \"10s\" for seconds" },
	{ FILE_WITH("stale_limit = \"10\";"),
	  "t.conf:1: stale_limit: \"10\" has no unit; write \"10s\" for seconds" },
	{ FILE_WITH("stale_limit = 4294967376;"),
	  "t.conf:1: stale_limit: has no unit; write 0s to 576h, as in \"10s\"" },
	{ FILE_WITH("stale_limit = \"9999999\";"),
	  "t.conf:1: stale_limit: has no unit; write 0s to 576h, as in \"10s\"" },
	{ HTTP_WITH("interval = 0;"),
	  "t.conf:1: checks.web.interval: has no unit; write 100ms to 24h, as in \"10s\"" },
	{ FILE_WITH("stale_limit = \"10 s\";"),
	  "t.conf:1: stale_limit: \"10 s\" is no duration; write a whole number and ms, s, m or h, "
	  "as in \"10s\"" },
	{ FILE_WITH("stale_limit = \"577h\";"),
	  "t.conf:1: stale_limit: \"577h\" is out of bounds; write 0s to 576h" },
	{ FILE_WITH("stale_limit = \"99999999999h\";"),
	  "t.conf:1: stale_limit: \"99999999999h\" is out of bounds; write 0s to 576h" },
	{ FILE_WITH("stale_limit = true;"),
	  "t.conf:1: stale_limit: must be a duration; write it as in \"10s\"" },
	{ FILE_WITH("stale_limit = -1;"),
	  "t.conf:1: stale_limit: must be a duration; write it as in \"10s\"" },
	{ FILE_WITH("stale_limit = 1.5;"),
	  "t.conf:1: stale_limit: must be a duration; write it as in \"10s\"" },
	{ FILE_WITH("user = \"\";"), "t.conf:1: user: is empty; write 1 to 32 characters" },
	{ FILE_WITH("user = \"no body\";"),
	  "t.conf:1: user: is no user name; write one of passwd(5)" },
	{ FILE_WITH("user = \"a23456789012345678901234567890123\";"),
	  "t.conf:1: user: is too long; write 1 to 32 characters" },
	{ FILE_WITH("http = \"localhost:80\";"),
	  "t.conf:1: http: \"localhost:80\" is no IP address and port; write \"127.0.0.1:9469\" or "
	  "\"[::1]:9469\"" },
	{ FILE_WITH("http = \"127.0.0.1\";"), "t.conf:1: http: \"127.0.0.1\" is no IP address and "
	                                      "port; write \"127.0.0.1:9469\" or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"::1\";"), "t.conf:1: http: \"::1\" is no IP address and port; write "
	                                "\"127.0.0.1:9469\" or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"[::1]\";"), "t.conf:1: http: \"[::1]\" is no IP address and port; "
	                                  "write \"127.0.0.1:9469\" or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"127.0.0.1:0\";"),
	  "t.conf:1: http: \"127.0.0.1:0\" is no IP address and port; write \"127.0.0.1:9469\" or "
	  "\"[::1]:9469\"" },
	{ FILE_WITH("http = \"127.0.0.1:65536\";"),
	  "t.conf:1: http: \"127.0.0.1:65536\" is no IP address and port; write \"127.0.0.1:9469\" "
	  "or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"[127.0.0.1]:80\";"),
	  "t.conf:1: http: \"[127.0.0.1]:80\" is no IP address and port; write \"127.0.0.1:9469\" "
	  "or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"::1:80:\";"), "t.conf:1: http: \"::1:80:\" is no IP address and "
	                                    "port; write \"127.0.0.1:9469\" or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"\\x1b\\n:80\";"),
	  "t.conf:1: http: \"??:80\" is no IP address and port; write \"127.0.0.1:9469\" or "
	  "\"[::1]:9469\"" },
	{ FILE_WITH("http = 9469;"),
	  "t.conf:1: http: must be a string; write it in double quotes" },
	{ FILE_WITH("http_hosts = \"a\";"),
	  "t.conf:1: http_hosts: must be a list of host names; write [ \"...\", \"...\" ]" },
	{ FILE_WITH("http_hosts = [ \"127.0.0.1\" ];"),
	  "t.conf:1: http_hosts[0]: \"127.0.0.1\" is an IP address; write a host name" },
	{ FILE_WITH("http_hosts = [ 1 ];"),
	  "t.conf:1: http_hosts[0]: must be a string; write it in double quotes" },
	{ FILE_WITH("resolvers = \"127.0.0.1\";"),
	  "t.conf:1: resolvers: must be a list of IP addresses with or without a port; write [ "
	  "\"...\", \"...\" ]" },
	{ FILE_WITH("resolvers = [ 53 ];"),
	  "t.conf:1: resolvers[0]: must be a string; write it in double quotes" },
	{ FILE_WITH("resolvers = [ \"127.0.0.1:99999\" ];"),
	  "t.conf:1: resolvers[0]: \"127.0.0.1:99999\" is no IP address with or without a port; "
	  "write \"192.0.2.53\", \"192.0.2.53:5353\" or \"[2001:db8::53]:5353\"" },
	{ FILE_WITH("resolvers = [ \"127.0.0.1\",\n\"dns.example.com\"\n];"),
	  "t.conf:2: resolvers[1]: \"dns.example.com\" is no IP address with or without a port; "
	  "write \"192.0.2.53\", \"192.0.2.53:5353\" or \"[2001:db8::53]:5353\"" },
	{ FILE_WITH("resolvers = "
	            "[\"::1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::"
	            "1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::1\",\"::1\"];"),
	  "t.conf:1: resolvers: has 17 entries; write at most 16 entries" },
	{ FILE_WITH("checks = ();"),
	  "t.conf:1: checks: must be a group; write { NAME: { type = ...; }; }" },
	{ FILE_WITH("http = \"localhost\";"), "t.conf:1: http: \"localhost\" is no IP address and "
	                                      "port; write \"127.0.0.1:9469\" or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"[::1\";"), "t.conf:1: http: \"[::1\" is no IP address and port; "
	                                 "write \"127.0.0.1:9469\" or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"[" TEXT_63 "0]:80\";"),
	  "t.conf:1: http: \"[a23456789012345678901234567890123456789012345678901234567890123\" is "
	  "no IP address and port; write \"127.0.0.1:9469\" or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"127.0.0.1:80x\";"),
	  "t.conf:1: http: \"127.0.0.1:80x\" is no IP address and port; write \"127.0.0.1:9469\" "
	  "or \"[::1]:9469\"" },
	{ FILE_WITH("http = \"127.0.0.1:\";"),
	  "t.conf:1: http: \"127.0.0.1:\" is no IP address and port; write \"127.0.0.1:9469\" or "
	  "\"[::1]:9469\"" },
	{ FILE_WITH("http = \"[::1]80\";"), "t.conf:1: http: \"[::1]80\" is no IP address and "
	                                    "port; write \"127.0.0.1:9469\" or \"[::1]:9469\"" },

	/* checks */
	{ CHECK_WITH(""), "t.conf:1: checks.web.type: is missing; write type = " TYPES },
	{ CHECK_WITH("type = 1;"),
	  "t.conf:1: checks.web.type: must be a string; write it in double quotes" },
	{ CHECK_WITH("type = \"script\";"),
	  "t.conf:1: checks.web.type: \"script\" is not known; write " TYPES },
	{ CHECK_WITH("type = \"htttp\";"),
	  "t.conf:1: checks.web.type: \"htttp\" is not known; write " TYPES },
	{ "checks: { web = \"http\"; }; records: ();",
	  "t.conf:1: checks.web: must be a group; write { ... }" },
	{ "checks: {\n web: {\n type = \"http\";\n intervall = \"10s\";\n };\n};\nrecords: ();",
	  "t.conf:4: checks.web.intervall: unknown setting; did you mean \"interval\"?" },
	{ HTTP_WITH("flap_penalty = \"1s\";"),
	  "t.conf:1: checks.web.flap_penalty: unknown setting; known here are " CHECK_OPTIONS },
	{ HTTP_WITH("zebra = 1;"),
	  "t.conf:1: checks.web.zebra: unknown setting; known here are " CHECK_OPTIONS },
	{ CHECK_WITH("type = \"tcp\";"), "t.conf:1: checks.web.port: is missing; write the port to "
	                                 "connect to, as in port = 5432" },
	{ CHECK_WITH("type = \"tcp\"; port = 1; path = \"/\";"),
	  "t.conf:1: checks.web.path: does not apply to type \"tcp\"; remove it, or write type = "
	  "\"http\"" },
	{ CHECK_WITH("type = \"tcp\"; port = 1; host = \"a\";"),
	  "t.conf:1: checks.web.host: does not apply to type \"tcp\"; remove it, or write type = "
	  "\"http\"" },
	{ CHECK_WITH("type = \"tls\";"), "t.conf:1: checks.web.port: is missing; write the port to "
	                                 "connect to, as in port = 5432" },
	{ TLS_WITH("path = \"/\";"), "t.conf:1: checks.web.path: does not apply to type \"tls\"; "
	                             "remove it, or write type = \"http\"" },
	{ CHECK_WITH("type = \"tcp\"; port = 1; client_cert = \"pair.pem\";"),
	  "t.conf:1: checks.web.client_cert: does not apply to type \"tcp\"; remove it, or write "
	  "type = \"https\"" },
	{ HTTP_WITH("cert_warning = \"1h\";"),
	  "t.conf:1: checks.web.cert_warning: does not apply to type \"http\"; remove it, or "
	  "write type = \"https\"" },
	{ TLS_WITH("headers = [ \"A: b\" ];"),
	  "t.conf:1: checks.web.headers: does not apply to type \"tls\"; remove it, or write type "
	  "= \"http\"" },
	{ HTTP_WITH("headers = \"A: b\";"),
	  "t.conf:1: checks.web.headers: must be a list of strings; write [ \"...\", \"...\" ]" },
	{ HTTP_WITH("headers = [ 1 ];"),
	  "t.conf:1: checks.web.headers[0]: must be a string; write it in double quotes" },
	{ HTTP_WITH("headers = [ \"A: b\", \"A\" ];"),
	  "t.conf:1: checks.web.headers[1]: is no header; write it as in \"Name: value\"" },
	{ HTTP_WITH("headers = [ \"A b: c\" ];"),
	  "t.conf:1: checks.web.headers[0]: is no header; write it as in \"Name: value\"" },
	{ HTTP_WITH("headers = [ \": b\" ];"),
	  "t.conf:1: checks.web.headers[0]: is no header; write it as in \"Name: value\"" },
	{ HTTP_WITH("headers = [ \"A;\" ];"),
	  "t.conf:1: checks.web.headers[0]: is no header; write it as in \"Name: value\"" },
	{ HTTP_WITH("headers = [ \"A: \" ];"),
	  "t.conf:1: checks.web.headers[0]: has no value; write it as in \"Name: value\"" },
	{ HTTP_WITH("headers = [ \"A: b\\r\\nHost: c\" ];"),
	  "t.conf:1: checks.web.headers[0]: has a control character; remove it" },
	{ HTTP_WITH("headers = [ \"A: b\\n\" ];"),
	  "t.conf:1: checks.web.headers[0]: has a control character; remove it" },
	{ HTTP_WITH("headers = [ \"host: a\" ];"),
	  "t.conf:1: checks.web.headers[0]: is always sent; set its value with host = \"...\"" },
	{ HTTP_WITH("headers = [ \"Content-Length: 5\" ];"),
	  "t.conf:1: checks.web.headers[0]: is not for a check to choose; remove it" },
	{ HTTP_WITH("headers = [ \"connection: keep-alive\" ];"),
	  "t.conf:1: checks.web.headers[0]: is not for a check to choose; remove it" },
	{ HTTP_WITH("headers = [ \"TRANSFER-ENCODING: chunked\" ];"),
	  "t.conf:1: checks.web.headers[0]: is not for a check to choose; remove it" },
	{ HTTP_WITH("headers = [ \"A: " TEXT_253 TEXT_253 TEXT_253 TEXT_253 "012345678\" ];"),
	  "t.conf:1: checks.web.headers[0]: is too long; write at most 1023 characters" },
	{ HTTP_WITH("expect_header = \"\";"),
	  "t.conf:1: checks.web.expect_header: is empty; write 1 to 255 characters" },
	{ HTTP_WITH("expect_header = \"a b\";"), "t.conf:1: checks.web.expect_header: names no "
	                                         "header; write \"Name\" or \"Name: text\"" },
	{ HTTP_WITH("expect_header = \": b\";"), "t.conf:1: checks.web.expect_header: names no "
	                                         "header; write \"Name\" or \"Name: text\"" },
	{ HTTP_WITH("expect_header = \"a: \\n\";"), "t.conf:1: checks.web.expect_header: names no "
	                                            "header; write \"Name\" or \"Name: text\"" },
	{ HTTP_WITH("credentials_file = \"absent\";"),
	  "t.conf:1: checks.web.credentials_file: cannot use DIR/absent: No such file or "
	  "directory; name a file with user:password" },
	{ HTTP_WITH("credentials_file = \"open\";"),
	  "t.conf:1: checks.web.credentials_file: cannot use DIR/open: it is open to every user, "
	  "which chmod o= ends; name a file with user:password" },
	{ HTTP_WITH("credentials_file = \"fifo\";"),
	  "t.conf:1: checks.web.credentials_file: cannot use DIR/fifo: it is not a regular file; "
	  "name a file with user:password" },
	{ HTTP_WITH("credentials_file = \"nobody\";"),
	  "t.conf:1: checks.web.credentials_file: cannot use DIR/nobody: its first line is no user "
	  "and password; write user:password" },
	{ HTTP_WITH("credentials_file = \"good\"; headers = [ \"authorization: Bearer x\" ];"),
	  "t.conf:1: checks.web.credentials_file: stands beside an Authorization header; remove "
	  "one of the two" },
	{ PRIMARY_WITH(
	          "address = \"a\"; check = { type = \"http\"; credentials_file = \"good\"; };"),
	  "t.conf:1: records[0].primary.check: would send a password wherever the DNS points; "
	  "write type = \"https\" with tls_verify, or the endpoint's IP address" },
	{ PRIMARY_WITH("addresses = [ \"::1\", \"a\" ]; check = { type = \"http\"; headers = [ "
	               "\"Authorization: Bearer x\" ]; };"),
	  "t.conf:1: records[0].primary.check: would send a password wherever the DNS points; "
	  "write type = \"https\" with tls_verify, or the endpoint's IP address" },
	{ PRIMARY_WITH("address = \"a\"; check = { type = \"https\"; tls_verify = false; "
	               "credentials_file = \"good\"; };"),
	  "t.conf:1: records[0].primary.check: would send a password wherever the DNS points; "
	  "write type = \"https\" with tls_verify, or the endpoint's IP address" },
	{ HTTPS_WITH("client_key = \"pair.pem\";"),
	  "t.conf:1: checks.web.client_cert: is missing; write the certificate that client_key is "
	  "for" },
	{ HTTPS_WITH("client_cert = \"none.pem\";"),
	  "t.conf:1: checks.web.client_cert: cannot use DIR/none.pem: it holds no certificate in "
	  "PEM form; name a readable file of PEM certificates" },
	{ TLS_WITH("client_cert = \"good.pem\"; client_key = \"absent.pem\";"),
	  "t.conf:1: checks.web.client_key: cannot use DIR/absent.pem: No such file or directory; "
	  "name a file of the certificate's private key, as client_key if that is another one" },
	{ TLS_WITH("client_cert = \"private.pem\";"),
	  "t.conf:1: checks.web.client_cert: cannot use DIR/private.pem: it holds no private key "
	  "in PEM form without a password; name a file of the certificate's private key, as "
	  "client_key if that is another one" },
	{ TLS_WITH("client_cert = \"private.pem\"; client_key = \"locked.pem\";"),
	  "t.conf:1: checks.web.client_key: cannot use DIR/locked.pem: it holds no private key in "
	  "PEM form without a password; name a file of the certificate's private key, as "
	  "client_key if that is another one" },
	{ TLS_WITH("client_cert = \"private.pem\"; client_key = \"pair.pem\";"),
	  "t.conf:1: checks.web.client_key: cannot use DIR/pair.pem: its private key is not the "
	  "certificate's; name a file of the certificate's private key, as client_key if that is "
	  "another one" },
	{ TLS_WITH("client_cert = \"good.pem\";"),
	  "t.conf:1: checks.web.client_cert: cannot use DIR/good.pem: it is open to every user, "
	  "which chmod o= ends; name a file of the certificate's private key, as client_key if "
	  "that is another one" },
	{ TLS_WITH("cert_warning = \"577h\";"),
	  "t.conf:1: checks.web.cert_warning: \"577h\" is out of bounds; write 0s to 576h" },
	{ HTTP_WITH("source = \"192.0.2.300\";"),
	  "t.conf:1: checks.web.source: \"192.0.2.300\" is neither an IP address nor an interface; "
	  "write one, as in \"192.0.2.1\" or \"eth0\"" },
	{ HTTP_WITH("source = \"\";"), "t.conf:1: checks.web.source: \"\" is neither an IP address "
	                               "nor an interface; write one, as in \"192.0.2.1\" or "
	                               "\"eth0\"" },
	{ HTTP_WITH("source = \"eth 0\";"),
	  "t.conf:1: checks.web.source: \"eth 0\" is neither an IP address nor an interface; write "
	  "one, as in \"192.0.2.1\" or \"eth0\"" },
	{ HTTP_WITH("source = \"a234567890123456\";"),
	  "t.conf:1: checks.web.source: \"a234567890123456\" is neither an IP address nor an "
	  "interface; write one, as in \"192.0.2.1\" or \"eth0\"" },
	{ HTTP_WITH("source = 1;"),
	  "t.conf:1: checks.web.source: must be a string; write it in double quotes" },
	{ PRIMARY_WITH("addresses = [ \"a\", \"192.0.2.1\", \"2001:db8::1\" ]; check = { type = "
	               "\"tcp\"; port = 1; source = \"192.0.2.9\"; };"),
	  "t.conf:1: records[0].primary.check: connects from 192.0.2.9, which cannot reach "
	  "2001:db8::1; write a source of that kind, or an interface" },
	{ HTTP_WITH("connect_timeout = \"5s\";"),
	  "t.conf:1: checks.web.connect_timeout: is longer than timeout; write at most \"4s\"" },
	{ HTTP_WITH("connect_timeout = \"0s\";"),
	  "t.conf:1: checks.web.connect_timeout: \"0s\" is out of bounds; write 10ms to 5m" },
	{ HTTP_WITH("tls_verify = true;"), "t.conf:1: checks.web.tls_verify: does not apply to "
	                                   "type \"http\"; remove it, or write type = \"https\"" },
	{ HTTP_WITH("port = \"80\";"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = 80.0;"),
	  "t.conf:1: checks.web.port: must be a whole number; write 1 to 65535 without quotes" },
	{ HTTP_WITH("port = 0;"),
	  "t.conf:1: checks.web.port: 0 is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = -1;"),
	  "t.conf:1: checks.web.port: -1 is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("port = 65536;"),
	  "t.conf:1: checks.web.port: 65536 is out of bounds; write 1 to 65535" },
	{ HTTP_WITH("path = \"health\";"), "t.conf:1: checks.web.path: \"health\" does not begin "
	                                   "with \"/\"; write it as in \"/health\"" },
	{ HTTP_WITH("path = \"\";"),
	  "t.conf:1: checks.web.path: is empty; write 1 to 1023 characters" },
	{ HTTP_WITH("path = \"/a b\";"), "t.conf:1: checks.web.path: has a character that no "
	                                 "request line takes; write it as %XX, a space as %20" },
	{ HTTP_WITH("path = \"/a#b\";"), "t.conf:1: checks.web.path: has a character that no "
	                                 "request line takes; write it as %XX, a space as %20" },
	{ HTTP_WITH("path = \"/\\n\";"), "t.conf:1: checks.web.path: has a character that no "
	                                 "request line takes; write it as %XX, a space as %20" },
	{ HTTP_WITH("path = \"/\\xe4\";"), "t.conf:1: checks.web.path: has a character that no "
	                                   "request line takes; write it as %XX, a space as %20" },
	{ HTTP_WITH("path = \"/" TEXT_253 TEXT_253 TEXT_253 TEXT_253 "0123456789a\";"),
	  "t.conf:1: checks.web.path: is too long; write 1 to 1023 characters" },
	{ HTTP_WITH("path = 1;"),
	  "t.conf:1: checks.web.path: must be a string; write it in double quotes" },
	{ HTTP_WITH("host = \"a b\";"), "t.conf:1: checks.web.host: \"a b\" is no host name; use "
	                                "letters, digits, \"-\", \"_\" and single dots" },
	{ HTTP_WITH("host = \"::1\";"),
	  "t.conf:1: checks.web.host: \"::1\" is an IP address; write a host name" },
	{ HTTP_WITH("host = \"a:80\";"), "t.conf:1: checks.web.host: \"a:80\" is no host name; use "
	                                 "letters, digits, \"-\", \"_\" and single dots" },
	{ HTTP_WITH("host = false;"),
	  "t.conf:1: checks.web.host: must be a string; write it in double quotes" },
	{ HTTP_WITH("method = \"get\";"),
	  "t.conf:1: checks.web.method: \"get\" is not known; write \"GET\", \"HEAD\", "
	  "\"OPTIONS\", \"POST\" or \"PUT\"" },
	{ HTTP_WITH("method = \"GTE\";"),
	  "t.conf:1: checks.web.method: \"GTE\" is not known; write \"GET\", \"HEAD\", "
	  "\"OPTIONS\", \"POST\" or \"PUT\"" },
	{ HTTP_WITH("method = \"DELETE\";"),
	  "t.conf:1: checks.web.method: \"DELETE\" is not known; write \"GET\", \"HEAD\", "
	  "\"OPTIONS\", \"POST\" or \"PUT\"" },
	{ HTTP_WITH("method = 1;"),
	  "t.conf:1: checks.web.method: must be a string; write it in double quotes" },
	{ HTTP_WITH("expect_status = 99;"),
	  "t.conf:1: checks.web.expect_status: 99 is out of bounds; write 100 to 599" },
	{ HTTP_WITH("expect_status = 600;"),
	  "t.conf:1: checks.web.expect_status: 600 is out of bounds; write 100 to 599" },
	{ HTTP_WITH("expect_status = \"\";"),
	  "t.conf:1: checks.web.expect_status: \"\" is no list of statuses; write 100 to 599, as "
	  "in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"200-\";"),
	  "t.conf:1: checks.web.expect_status: \"200-\" is no list of statuses; write 100 to 599, "
	  "as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"399-200\";"),
	  "t.conf:1: checks.web.expect_status: \"399-200\" is no list of statuses; write 100 to "
	  "599, as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"200,,300\";"),
	  "t.conf:1: checks.web.expect_status: \"200,,300\" is no list of statuses; write 100 to "
	  "599, as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"200,\";"),
	  "t.conf:1: checks.web.expect_status: \"200,\" is no list of statuses; write 100 to 599, "
	  "as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"2xx\";"),
	  "t.conf:1: checks.web.expect_status: \"2xx\" is no list of statuses; write 100 to 599, "
	  "as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"200 300\";"),
	  "t.conf:1: checks.web.expect_status: \"200 300\" is no list of statuses; write 100 to "
	  "599, as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"20000\";"),
	  "t.conf:1: checks.web.expect_status: \"20000\" is no list of statuses; write 100 to 599, "
	  "as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = \"4294967496\";"),
	  "t.conf:1: checks.web.expect_status: \"4294967496\" is no list of statuses; write 100 to "
	  "599, as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = true;"),
	  "t.conf:1: checks.web.expect_status: must be a status or ranges of them; write 200 or "
	  "\"200-399\"" },
	{ HTTP_WITH("expect_status = ();"), "t.conf:1: checks.web.expect_status: is empty; write "
	                                    "at least one status, or leave it out" },
	{ HTTP_WITH("expect_status = [ 200,\n 700\n];"),
	  "t.conf:2: checks.web.expect_status[1]: 700 is out of bounds; write 100 to 599" },
	{ HTTP_WITH("expect_status = ( 200, \"x\" );"),
	  "t.conf:1: checks.web.expect_status[1]: \"x\" is no list of statuses; write 100 to 599, "
	  "as in \"200,300-399\"" },
	{ HTTP_WITH("expect_status = ( 200, ( 300 ) );"),
	  "t.conf:1: checks.web.expect_status[1]: must be a status or ranges of them; write 200 or "
	  "\"200-399\"" },
	{ HTTP_WITH("expect_body = \"\";"),
	  "t.conf:1: checks.web.expect_body: is empty; write 1 to 255 characters" },
	{ HTTP_WITH("expect_body = \"" TEXT_253 "123\";"),
	  "t.conf:1: checks.web.expect_body: is too long; write 1 to 255 characters" },
	{ HTTP_WITH("expect_body = 1;"),
	  "t.conf:1: checks.web.expect_body: must be a string; write it in double quotes" },
	{ HTTP_WITH("expect_body = \"ok\"; method = \"HEAD\";"),
	  "t.conf:1: checks.web.expect_body: cannot be found, since HEAD is answered without a "
	  "body; write method = \"GET\"" },
	{ HTTP_WITH("expect_body = \"healthy\"; body_limit = 6;"),
	  "t.conf:1: checks.web.expect_body: is longer than body_limit (6); make that larger" },
	{ HTTP_WITH("body_limit = 0;"),
	  "t.conf:1: checks.web.body_limit: 0 is out of bounds; write 1 to 1048576" },
	{ HTTP_WITH("body_limit = 1048577;"),
	  "t.conf:1: checks.web.body_limit: 1048577 is out of bounds; write 1 to 1048576" },
	{ HTTPS_WITH("tls_verify = \"no\";"),
	  "t.conf:1: checks.web.tls_verify: must be true or false; write it without quotes" },
	{ HTTPS_WITH("ca_file = \"absent.pem\";"),
	  "t.conf:1: checks.web.ca_file: cannot use DIR/absent.pem: No such file or directory; "
	  "name a readable file of PEM certificates" },
	{ HTTPS_WITH("ca_file = \"none.pem\";"),
	  "t.conf:1: checks.web.ca_file: cannot use DIR/none.pem: it holds no certificate in PEM "
	  "form; name a readable file of PEM certificates" },
	{ HTTPS_WITH("ca_file = \"cut.pem\";"),
	  "t.conf:1: checks.web.ca_file: cannot use DIR/cut.pem: it holds a damaged certificate; "
	  "name a readable file of PEM certificates" },
	{ HTTPS_WITH("ca_file = \"damaged.pem\";"),
	  "t.conf:1: checks.web.ca_file: cannot use DIR/damaged.pem: it holds a damaged "
	  "certificate; name a readable file of PEM certificates" },
	{ HTTPS_WITH("ca_file = \"encrypted.pem\";"),
	  "t.conf:1: checks.web.ca_file: cannot use DIR/encrypted.pem: it holds a damaged "
	  "certificate; name a readable file of PEM certificates" },
	{ HTTPS_WITH("ca_file = \"sub\";"),
	  "t.conf:1: checks.web.ca_file: cannot use DIR/sub: it is a folder; name a readable file "
	  "of PEM certificates" },
	{ HTTPS_WITH("ca_file = \"fifo\";"),
	  "t.conf:1: checks.web.ca_file: cannot use DIR/fifo: it is not a regular file; name a "
	  "readable file of PEM certificates" },
	{ HTTPS_WITH("ca_file = \"\";"),
	  "t.conf:1: checks.web.ca_file: is empty; write the path of a file" },
	{ HTTPS_WITH("ca_file = 1;"),
	  "t.conf:1: checks.web.ca_file: must be a string; write it in double quotes" },
	{ HTTPS_WITH("ca_file = \"/" TEXT_253 TEXT_253 TEXT_253 TEXT_253 "0123456789ab\";"),
	  "t.conf:1: checks.web.ca_file: is too long; write an absolute path of at most 1023 "
	  "bytes" },
	{ HTTPS_WITH("sni = \"192.0.2.1\";"),
	  "t.conf:1: checks.web.sni: \"192.0.2.1\" is an IP address; write a host name" },
	{ HTTP_WITH("interval = 10;"),
	  "t.conf:1: checks.web.interval: 10 has no unit; write \"10s\" for seconds" },
	{ HTTP_WITH("interval = \"10\";"),
	  "t.conf:1: checks.web.interval: \"10\" has no unit; write \"10s\" for seconds" },
	{ HTTP_WITH("interval = \"99ms\";"),
	  "t.conf:1: checks.web.interval: \"99ms\" is out of bounds; write 100ms to 24h" },
	{ HTTP_WITH("interval = \"25h\";"),
	  "t.conf:1: checks.web.interval: \"25h\" is out of bounds; write 100ms to 24h" },
	{ HTTP_WITH("interval = \"10 seconds\";"),
	  "t.conf:1: checks.web.interval: \"10 seconds\" is no duration; write a whole number and "
	  "ms, s, m or h, as in \"10s\"" },
	{ HTTP_WITH("fast_interval = \"11s\";"),
	  "t.conf:1: checks.web.fast_interval: is longer than interval; write at most \"10s\"" },
	{ HTTP_WITH("interval = \"500ms\"; fast_interval = \"1s\";"),
	  "t.conf:1: checks.web.fast_interval: is longer than interval; write at most \"500ms\"" },
	{ HTTP_WITH("fast_interval = \"1ms\";"),
	  "t.conf:1: checks.web.fast_interval: \"1ms\" is out of bounds; write 100ms to 24h" },
	{ HTTP_WITH("timeout = \"0s\";"),
	  "t.conf:1: checks.web.timeout: \"0s\" is out of bounds; write 10ms to 5m" },
	{ HTTP_WITH("timeout = \"6m\";"),
	  "t.conf:1: checks.web.timeout: \"6m\" is out of bounds; write 10ms to 5m" },
	{ HTTP_WITH("fall = 0;"), "t.conf:1: checks.web.fall: 0 is out of bounds; write 1 to 100" },
	{ HTTP_WITH("fall = 101;"),
	  "t.conf:1: checks.web.fall: 101 is out of bounds; write 1 to 100" },
	{ HTTP_WITH("fall = \"3\";"),
	  "t.conf:1: checks.web.fall: must be a whole number; write 1 to 100 without quotes" },
	{ HTTP_WITH("rise = 0;"), "t.conf:1: checks.web.rise: 0 is out of bounds; write 1 to 100" },
	{ HTTP_WITH("rise = -3;"),
	  "t.conf:1: checks.web.rise: -3 is out of bounds; write 1 to 100" },

	/* programs */
	{ EXEC_WITH("command = [ \"/bin/sh\" ]; pass_status = 256;"),
	  "t.conf:1: checks.web.pass_status: 256 is out of bounds; write 0 to 255" },
	{ EXEC_WITH("command = [ \"/bin/sh\" ]; pass_status = -1;"),
	  "t.conf:1: checks.web.pass_status: -1 is out of bounds; write 0 to 255" },
	{ EXEC_WITH("command = [ \"/bin/sh\" ]; pass_status = \"0-\";"),
	  "t.conf:1: checks.web.pass_status: \"0-\" is no list of statuses; write 0 to 255, as in "
	  "\"0,3-5\"" },
	{ EXEC_WITH("command = [ \"/bin/sh\" ]; none_status = true;"),
	  "t.conf:1: checks.web.none_status: must be a status or ranges of them; write 0 or "
	  "\"0-1\"" },
	{ EXEC_WITH("command = [ \"/bin/sh\" ]; none_status = ( 3, \"\" );"),
	  "t.conf:1: checks.web.none_status[1]: \"\" is no list of statuses; write 0 to 255, as in "
	  "\"0,3-5\"" },
	{ EXEC_WITH("command = [ \"/bin/sh\" ]; none_status = \"0-3\";"),
	  "t.conf:1: checks.web.none_status: has 0, and so has pass_status; remove it from one" },
	{ HTTP_WITH("pass_status = 0;"),
	  "t.conf:1: checks.web.pass_status: does not apply to type \"http\"; remove it, or write "
	  "type = \"exec\"" },
	{ EXEC_WITH(""),
	  "t.conf:1: checks.web.command: is missing; write the program to run, as in "
	  "command = [ \"/usr/local/bin/probe\", \"%a\" ]" },
	{ EXEC_WITH("command = \"/bin/sh\";"), "t.conf:1: checks.web.command: must be a list of "
	                                       "strings; write [ \"...\", \"...\" ]" },
	{ EXEC_WITH("command = [ ];"),
	  "t.conf:1: checks.web.command: is empty; write 1 to 64 entries" },
	{ EXEC_WITH("command = [ 1 ];"),
	  "t.conf:1: checks.web.command[0]: must be a string; write it in double quotes" },
	{ EXEC_WITH("command = [ \"\" ];"),
	  "t.conf:1: checks.web.command[0]: is empty; write the path of a program" },
	{ EXEC_WITH("command = [ \"absent\" ];"),
	  "t.conf:1: checks.web.command[0]: cannot run DIR/absent: No such file or directory; name "
	  "an "
	  "executable file, by an absolute path or from the configuration's folder" },
	{ EXEC_WITH("command = [ \"sub\" ];"),
	  "t.conf:1: checks.web.command[0]: cannot run DIR/sub: it is a folder; name an executable "
	  "file, by an absolute path or from the configuration's folder" },
	{ EXEC_WITH("command = [ \"fifo\" ];"),
	  "t.conf:1: checks.web.command[0]: cannot run DIR/fifo: it is not a regular file; name an "
	  "executable file, by an absolute path or from the configuration's folder" },
	{ EXEC_WITH("command = [ \"none.pem\" ];"),
	  "t.conf:1: checks.web.command[0]: cannot run DIR/none.pem: it is not executable; name an "
	  "executable file, by an absolute path or from the configuration's folder" },
	{ EXEC_WITH("command = [ \"/bin/sh\",\n\"a\", \"%h\" ];"),
	  "t.conf:2: checks.web.command[2]: has a \"%\" that begins nothing known; write %a, %p, "
	  "%n, "
	  "%e, or %% for a \"%\"" },
	{ EXEC_WITH("command = [ \"/bin/sh\", \"%%a%\" ];"),
	  "t.conf:1: checks.web.command[1]: has a \"%\" that begins nothing known; write %a, %p, "
	  "%n, "
	  "%e, or %% for a \"%\"" },
	{ EXEC_WITH("command = [ \"/bin/sh\", \"%a:%p\" ];"),
	  "t.conf:1: checks.web.command[1]: has %p, and the check has no port; write one, as in "
	  "port = "
	  "5432" },
	{ EXEC_WITH("command = [ \"/bin/sh\", \"" TEXT_253 TEXT_253 TEXT_253 TEXT_253
	            "0123456789ab\" ];"),
	  "t.conf:1: checks.web.command[1]: is too long; write at most 1023 bytes" },
	{ EXEC_WITH("host = \"a\";"),
	  "t.conf:1: checks.web.host: does not apply to type \"exec\"; remove it, or write type = "
	  "\"http\"" },
	{ HTTP_WITH("command = [ \"/bin/sh\" ];"), "t.conf:1: checks.web.command: does not apply "
	                                           "to type \"http\"; remove it, or write type = "
	                                           "\"exec\"" },
	{ FILE_WITH("exec_user = \"no:body\";"),
	  "t.conf:1: exec_user: is no user name; write one of passwd(5)" },

	/* doors */
	{ FILE_WITH("door = \"/a\";"), "t.conf:1: door: must be a door or a list of them; write { "
	                               "cgroup = \"...\"; } or ( { ... }, { ... } )" },
	{ FILE_WITH("door = { };"), "t.conf:1: door.cgroup: is missing; write the cgroup of the "
	                            "programs, as in cgroup = \"/system.slice/app.service\"" },
	{ FILE_WITH("door = { group = \"/a\"; };"),
	  "t.conf:1: door.group: unknown setting; did you mean \"cgroup\"?" },
	{ FILE_WITH("door = { cgroup = \"app\"; };"),
	  "t.conf:1: door.cgroup: \"app\" is no path from the root of all cgroups; write it as "
	  "/proc/PID/cgroup has it, as in \"/system.slice/app.service\"" },
	{ FILE_WITH("door = ( { cgroup = \"/a\"; },\n{ cgroup = \"/\"; } );"),
	  "t.conf:2: door[1].cgroup: \"/\" is the root of all cgroups, which holds shuntd itself, "
	  "whose probes would go elsewhere; name that of the programs, as in "
	  "\"/system.slice/app.service\"" },
	{ FILE_WITH("door = { cgroup = \"/sys/fs/cgroup/a\"; };"),
	  "t.conf:1: door.cgroup: \"/sys/fs/cgroup/a\" begins with the folder of all cgroups; "
	  "write "
	  "it as /proc/PID/cgroup has it, as in \"/system.slice/app.service\"" },
	{ FILE_WITH("door = { cgroup = \"/a/../b\"; };"),
	  "t.conf:1: door.cgroup: \"/a/../b\" has a part that is empty, \".\" or \"..\"; write it "
	  "as "
	  "/proc/PID/cgroup has it, as in \"/system.slice/app.service\"" },
	{ FILE_WITH("door = ( { cgroup = \"/a\"; }, { cgroup = \"/a\"; } );"),
	  "t.conf:1: door[1].cgroup: stands in another door already; remove one of the two" },

	/* fleets */
	{ FILE_WITH("fleet = ( );"), "t.conf:1: fleet: must be a group; write { ... }" },
	{ FLEET_WITH(""),
	  "t.conf:1: fleet.etcd: is missing; write the members of etcd, as in etcd = "
	  "[ \"https://10.0.0.1:2379\" ]" },
	{ FLEET_WITH("etcd = [ ];"), "t.conf:1: fleet.etcd: is empty; write 1 to 16 entries" },
	{ MEMBER_WITH("10.0.0.1:2379"),
	  "t.conf:1: fleet.etcd[0]: \"10.0.0.1:2379\" is no URL of http or https; write it as in "
	  "\"https://10.0.0.1:2379\"" },
	{ MEMBER_WITH("https://root:secret@a:2379"),
	  "t.conf:1: fleet.etcd[0]: has a user or a password in it; write user and password_file "
	  "instead" },
	{ MEMBER_WITH("https://a:2379/v3"), "t.conf:1: fleet.etcd[0]: \"https://a:2379/v3\" has "
	                                    "something behind the port; remove it" },
	{ MEMBER_WITH("https://a"),
	  "t.conf:1: fleet.etcd[0]: \"https://a\" has no port; write the one "
	  "of etcd's clients, as in \"https://10.0.0.1:2379\"" },
	{ MEMBER_WITH("https://[::1]"), "t.conf:1: fleet.etcd[0]: \"https://[::1]\" has no port; "
	                                "write the one of etcd's clients, "
	                                "as in \"https://10.0.0.1:2379\"" },
	{ MEMBER_WITH("https://a:0"), NO_HOST("https://a:0") },
	{ MEMBER_WITH("https://a:65536"), NO_HOST("https://a:65536") },
	{ MEMBER_WITH("https://a:2379x"), NO_HOST("https://a:2379x") },
	{ MEMBER_WITH("https://:2379"), NO_HOST("https://:2379") },
	{ MEMBER_WITH("https://a b:2379"), NO_HOST("https://a b:2379") },
	{ MEMBER_WITH("https://[10.0.0.1]:2379"), NO_HOST("https://[10.0.0.1]:2379") },
	{ MEMBER_WITH("https://::1:2379"), NO_HOST("https://::1:2379") },
	{ FLEET_WITH("etcd = [ \"http://a:1\" ]; ca_file = \"good.pem\";"),
	  "t.conf:1: fleet.ca_file: is for https, and no member of etcd is asked by it; write "
	  "https:// "
	  "there, or remove this" },
	{ HTTPS_FLEET("ca_file = \"none.pem\";"),
	  "t.conf:1: fleet.ca_file: cannot use DIR/none.pem: it holds no certificate in PEM form; "
	  "name "
	  "a readable file of PEM certificates" },
	{ HTTPS_FLEET("key_file = \"pair.pem\";"),
	  "t.conf:1: fleet.cert_file: is missing; write the certificate that key_file is for" },
	{ HTTPS_FLEET("cert_file = \"good.pem\"; key_file = \"pair.pem\";"),
	  "t.conf:1: fleet.key_file: cannot use DIR/pair.pem: its private key is not the "
	  "certificate's; name a file of the certificate's private key, as key_file if that is "
	  "another one" },
	{ HTTPS_FLEET("user = \"db-7\";"),
	  "t.conf:1: fleet.password_file: is missing; write the file "
	  "with the password of user" },
	{ HTTPS_FLEET("password_file = \"good\";"),
	  "t.conf:1: fleet.user: is missing; write the user of etcd whose password that is" },
	{ HTTPS_FLEET("user = \"db-7\"; password_file = \"open\";"),
	  "t.conf:1: fleet.password_file: cannot use DIR/open: it is open to every user, which "
	  "chmod "
	  "o= ends; name a file with the password" },
	{ FLEET_WITH("etcd = [ \"https://a:1\", \"http://b:1\" ]; user = \"db-7\"; password_file = "
	             "\"good\";"),
	  "t.conf:1: fleet.etcd[1]: would get a password that everybody on the way can read; write "
	  "https://, or remove user and password_file" },
	{ HTTPS_FLEET(""),
	  "t.conf:1: fleet.prefix: is missing; write where the fleet's keys are, as in "
	  "prefix = \"/shunt/prod\"" },
	{ HTTPS_FLEET("prefix = \"shunt\";"), "t.conf:1: fleet.prefix: \"shunt\" must begin with "
	                                      "\"/\" and not end with it; write it as in "
	                                      "\"/shunt/prod\"" },
	{ HTTPS_FLEET("prefix = \"/\";"),
	  "t.conf:1: fleet.prefix: \"/\" must begin with \"/\" and not end with it; write it as in "
	  "\"/shunt/prod\"" },
	{ HTTPS_FLEET("prefix = \"/a/\";"), "t.conf:1: fleet.prefix: \"/a/\" must begin with \"/\" "
	                                    "and not end with it; write it as in "
	                                    "\"/shunt/prod\"" },
	{ HTTPS_FLEET("prefix = \"/a b\";"), "t.conf:1: fleet.prefix: \"/a b\" has other "
	                                     "characters than letters, digits, \"/\", \".\", "
	                                     "\"_\" and \"-\"; write it as in \"/shunt/prod\"" },
	{ HTTPS_FLEET("prefix = \"/a\";"), "t.conf:1: fleet.site: is missing; write where this "
	                                   "host stands, as in site = \"fra-1\"" },
	{ HTTPS_FLEET("prefix = \"/a\"; site = \"fra/1\";"),
	  "t.conf:1: fleet.site: \"fra/1\" has other characters than letters, digits, \".\", \"_\" "
	  "and "
	  "\"-\"; write it without them" },
	{ GOOD_FLEET("host = \"" TEXT_63 "x\";"),
	  "t.conf:1: fleet.host: is too long; write 1 to 63 characters" },
	{ GOOD_FLEET("lease = \"1s\";"),
	  "t.conf:1: fleet.lease: \"1s\" is out of bounds; write 2s to "
	  "1m" },
	{ GOOD_FLEET("lease = \"2500ms\";"),
	  "t.conf:1: fleet.lease: is no whole number of seconds, which etcd's leases are; write "
	  "\"2s\"" },
	{ GOOD_FLEET("on_etcd_lost = \"stay\";"),
	  "t.conf:1: fleet.on_etcd_lost: \"stay\" is not known; write \"local\" or \"hold\"" },
	{ RECORD_WITH(GOOD_PRIMARY "scope = \"most\";"),
	  "t.conf:1: records[0].scope: \"most\" is not known; write \"local\", \"quorum\" or "
	  "\"unanimous\"" },
	{ RECORD_WITH(GOOD_PRIMARY "scope = \"quorum\";"),
	  "t.conf:1: records[0].scope: needs the other hosts, and there is no fleet; add fleet: { "
	  "etcd = [ \"https://...:2379\" ]; prefix = \"/shunt\"; site = \"...\"; }, or write "
	  "\"local\"" },
	{ SCOPE_WITH("share = \"10%\";"),
	  "t.conf:1: records[0].share: is for scope = \"quorum\"; remove it, or write that" },
	{ SCOPE_WITH("scope = \"unanimous\"; share = \"10%\";"),
	  "t.conf:1: records[0].share: is for scope = \"quorum\"; remove it, or write that" },
	{ SCOPE_WITH("sites = 2;"), "t.conf:1: records[0].sites: is for scope = \"quorum\" or "
	                            "\"unanimous\"; remove it, or write that" },
	{ SCOPE_WITH("on_etcd_lost = \"hold\";"), "t.conf:1: records[0].on_etcd_lost: is for scope "
	                                          "= \"quorum\" or \"unanimous\"; remove it, "
	                                          "or write that" },
	{ SCOPE_WITH("stagger = \"1s\";"),
	  "t.conf:1: records[0].stagger: is for scope = \"quorum\" or "
	  "\"unanimous\"; remove it, or write that" },
	{ SCOPE_WITH("scope = \"quorum\"; failback_jitter = \"1s\";"),
	  "t.conf:1: records[0].failback_jitter: is for scope = \"local\"; remove it, or write "
	  "that" },
	{ SCOPE_WITH("scope = \"quorum\"; share = \"0%\";"),
	  "t.conf:1: records[0].share: 0% would take an endpoint down that nobody says is down; "
	  "write "
	  "\"1%\" to \"99%\"" },
	{ SCOPE_WITH("scope = \"quorum\"; share = \"100%\";"),
	  "t.conf:1: records[0].share: is not to be exceeded; write \"1%\" to \"99%\", or scope = "
	  "\"unanimous\"" },
	{ SCOPE_WITH("scope = \"quorum\"; share = 50;"), NO_SHARE },
	{ SCOPE_WITH("scope = \"quorum\"; share = \"50\";"), NO_SHARE },
	{ SCOPE_WITH("scope = \"quorum\"; share = \"-1%\";"), NO_SHARE },
	{ SCOPE_WITH("scope = \"quorum\"; share = \"5 %\";"), NO_SHARE },
	{ SCOPE_WITH("scope = \"quorum\"; sites = 17;"),
	  "t.conf:1: records[0].sites: 17 is out of bounds; write 1 to 16" },

	/* programs that are told */
	{ FILE_WITH("notify = \"/bin/sh\";"),
	  "t.conf:1: notify: must be a list of groups; write ( { command = [ \"...\" ]; } )" },
	{ FILE_WITH("notify = [ \"/bin/sh\" ];"),
	  "t.conf:1: notify: must be a list of groups; write ( { command = [ \"...\" ]; } )" },
	{ FILE_WITH("notify = ( \"/bin/sh\" );"),
	  "t.conf:1: notify[0]: must be a group; write { ... }" },
	{ FILE_WITH("notify = ( 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 );"),
	  "t.conf:1: notify: has 17 entries; write at most 16 entries" },
	{ NOTIFY_WITH("comand = 1;"),
	  "t.conf:1: notify[0].comand: unknown setting; did you mean \"command\"?" },
	{ NOTIFY_WITH(""), "t.conf:1: notify[0].command: is missing; write the program to run, as "
	                   "in command = [ \"/usr/local/bin/page\", \"--urgent\" ]" },
	{ NOTIFY_WITH("command = [ ];"),
	  "t.conf:1: notify[0].command: is empty; write 1 to 64 entries" },
	{ NOTIFY_WITH("command = \"/bin/sh\";"),
	  "t.conf:1: notify[0].command: must be a list of strings; write [ \"...\", \"...\" ]" },
	{ NOTIFY_WITH("command = [ \"absent\" ];"),
	  "t.conf:1: notify[0].command[0]: cannot run DIR/absent: No such file or directory; name "
	  "an executable file, by an absolute path or from the configuration's folder" },
	{ NOTIFY_WITH("command = [ \"good\" ];"),
	  "t.conf:1: notify[0].command[0]: cannot run DIR/good: it is not executable; name an "
	  "executable file, by an absolute path or from the configuration's folder" },
	{ NOTIFY_WITH("command = [ \"/bin/sh\" ]; events = \"answer\";"),
	  "t.conf:1: notify[0].events: must be a list of types of events; write [ \"...\", "
	  "\"...\" ]" },
	{ NOTIFY_WITH("command = [ \"/bin/sh\" ]; events = [ ];"),
	  "t.conf:1: notify[0].events: is empty; write 1 to 32 entries" },
	{ NOTIFY_WITH("command = [ \"/bin/sh\" ];\nevents = [ \"health\",\n\"answers\" ];"),
	  "t.conf:3: notify[0].events[1]: \"answers\" is no type of events; did you mean "
	  "\"answer\"?" },
	{ NOTIFY_WITH("command = [ \"/bin/sh\" ]; events = [ \"failover\" ];"),
	  "t.conf:1: notify[0].events[0]: \"failover\" is no type of events; write one of those in "
	  "shunt.conf(5), as in events = [ \"answer\", \"isolated\" ]" },
	{ NOTIFY_WITH("command = [ \"/bin/sh\" ]; events = ( 1 );"),
	  "t.conf:1: notify[0].events[0]: must be a string; write it in double quotes" },
	{ NOTIFY_WITH("command = [ \"/bin/sh\" ]; timeout = \"11m\";"),
	  "t.conf:1: notify[0].timeout: \"11m\" is out of bounds; write 100ms to 10m" },

	/* calculated checks */
	{ CALCULATED_WITH(""),
	  "t.conf:1: checks.all.of: is missing; write names of checks, as in of = "
	  "[ \"web\", \"db\" ]" },
	{ CALCULATED_WITH("of = \"web\";"), "t.conf:1: checks.all.of: must be a list of names of "
	                                    "checks; write [ \"...\", \"...\" ]" },
	{ CALCULATED_WITH("of = [ ];"),
	  "t.conf:1: checks.all.of: is empty; write 1 to 255 entries" },
	{ CALCULATED_WITH("of = [ \"web\",\n\"webb\" ];"),
	  "t.conf:2: checks.all.of[1]: there is no check \"webb\"; did you mean \"web\"?" },
	{ CALCULATED_WITH("of = ( 1 );"),
	  "t.conf:1: checks.all.of[0]: must be a string; write it in double quotes" },
	{ CALCULATED_WITH("of = [ \"web\", \"web\" ];"),
	  "t.conf:1: checks.all.of[1]: stands twice in this list; remove one" },
	{ CALCULATED_WITH("of = [ \"all\" ];"), "t.conf:1: checks.all.of[0]: \"all\" is calculated "
	                                        "from this check itself; remove one of the two" },
	{ "checks: {\n a: { type = \"calculated\"; of = [ \"b\" ]; };\n b: { type = "
	  "\"calculated\"; "
	  "of = [ \"c\" ]; };\n c: { type = \"calculated\"; of = [ \"a\" ]; };\n}; records: ();",
	  "t.conf:4: checks.c.of[0]: \"a\" is calculated from this check itself; remove one of the "
	  "two" },
	{ "checks: { z: { type = \"tcp\"; port = 1; };" NEST("a", "b") NEST("b", "c") NEST("c", "d")
	          NEST("d", "e") NEST("e", "f") NEST("f", "g") NEST("g", "h") NEST("h", "i")
	                  NEST("i", "z") "}; records: ();",
	  "t.conf:1: checks.i.of[0]: calculated checks stand more than 8 deep; name the innermost "
	  "checks here" },
	{ "checks: { z: { type = \"tcp\"; port = 1; };" NEST("a", "z") NEST("b", "a") NEST("c", "b")
	          NEST("d", "c") NEST("e", "d") NEST("f", "e") NEST("g", "f") NEST("h", "g")
	                  NEST("i", "h") "}; records: ();",
	  "t.conf:1: checks.i.of[0]: calculated checks stand more than 8 deep; name the innermost "
	  "checks here" },
	{ "checks: { w: { type = \"tcp\"; port = 1; }; x: { type = \"tcp\"; port = 2; };"
	  "a: { type = \"calculated\"; of = [ \"w\", \"x\" ]; };"
	  "b: { type = \"calculated\"; of = [ \"w\", \"x\", \"a\" ]; };"
	  "c: { type = \"calculated\"; of = [ \"w\", \"x\", \"a\", \"b\" ]; };"
	  "d: { type = \"calculated\"; of = [ \"w\", \"x\", \"a\", \"b\", \"c\" ]; };"
	  "e: { type = \"calculated\"; of = [ \"w\", \"x\", \"a\", \"b\", \"c\", \"d\" ]; };"
	  "f: { type = \"calculated\"; of = [ \"w\", \"x\", \"a\", \"b\", \"c\", \"d\", \"e\" ]; };"
	  "g: { type = \"calculated\"; of = [ \"w\", \"x\", \"a\", \"b\", \"c\", \"d\", \"e\", "
	  "\"f\" ]; };"
	  "h: { type = \"calculated\"; of = [ \"w\", \"x\", \"a\", \"b\", \"c\", \"d\", \"e\", "
	  "\"f\",\n\"g\" "
	  "]; }; }; records: ();",
	  "t.conf:2: checks.h.of[8]: makes it more than 255 checks in all; name fewer" },
	{ "checks: { s: { type = \"http\"; headers = [ \"Cookie: x\" ]; };"
	  "all: { type = \"calculated\"; of = [ \"s\" ]; }; }; " PRIMARY_WITH(
	          "address = \"a\"; check = \"all\";"),
	  "t.conf:1: records[0].primary.check: would send a password wherever the DNS points; "
	  "write type "
	  "= \"https\" with tls_verify, or the endpoint's IP address" },
	{ CALCULATED_WITH("of = [ \"web\" ]; at_least = -1;"),
	  "t.conf:1: checks.all.at_least: -1 is out of bounds; write 0 to 256" },
	{ CALCULATED_WITH("of = [ \"web\" ]; at_least = 257;"),
	  "t.conf:1: checks.all.at_least: 257 is out of bounds; write 0 to 256" },
	{ CALCULATED_WITH("of = [ \"web\" ]; interval = \"1s\";"),
	  "t.conf:1: checks.all.interval: does not apply to type \"calculated\"; remove it, or "
	  "write "
	  "type = \"http\"" },
	{ HTTP_WITH("of = [ \"web\" ];"),
	  "t.conf:1: checks.web.of: does not apply to type \"http\"; "
	  "remove it, or write type = \"calculated\"" },
	{ PRIMARY_WITH("address = \"a\"; check = { type = \"calculated\"; of = [ \"web\" ]; };"),
	  "t.conf:1: records[0].primary.check.of[0]: there is no check \"web\"; add it to checks" },
	{ HTTP_WITH("invert = 1;"),
	  "t.conf:1: checks.web.invert: must be true or false; write it without quotes" },
	{ HTTP_WITH("disabled = \"yes\";"),
	  "t.conf:1: checks.web.disabled: must be true or false; write it without quotes" },
	{ HTTP_WITH("down_interval = \"99ms\";"),
	  "t.conf:1: checks.web.down_interval: \"99ms\" is out of bounds; write 100ms to 24h" },

	/* records */
	{ "records: ( 1 );", "t.conf:1: records[0]: must be a group; write { ... }" },
	{ "records: ( { } );", "t.conf:1: records[0].name: is missing; write the name that "
	                       "programs look up, as in name = \"www.example.com\"" },
	{ "records: ( { nane = \"a\"; } );",
	  "t.conf:1: records[0].nane: unknown setting; did you mean \"name\"?" },
	{ "records: ( { ttl = 5; } );",
	  "t.conf:1: records[0].ttl: unknown setting; known here are name, aliases, primary, "
	  "secondary, failback, failback_delay, flap_penalty, flap_window, failback_max, "
	  "all_down, isolation, ports, connect, on_leave, on_return, scope, share, sites, "
	  "on_etcd_lost, stagger, failback_jitter" },
	{ "records: ( { name = 5; } );",
	  "t.conf:1: records[0].name: must be a string; write it in double quotes" },
	{ "records: ( { name = \"\"; } );",
	  "t.conf:1: records[0].name: \"\" is empty; write a host name" },
	{ "records: ( { name = \".\"; } );",
	  "t.conf:1: records[0].name: \".\" is empty; write a host name" },
	{ "records: ( { name = \"a..b\"; } );", "t.conf:1: records[0].name: \"a..b\" has two dots "
	                                        "in a row or one in front; remove a dot" },
	{ "records: ( { name = \".a\"; } );",
	  "t.conf:1: records[0].name: \".a\" has two dots in a row or one in front; remove a dot" },
	{ "records: ( { name = \"a..\"; } );", "t.conf:1: records[0].name: \"a..\" has two dots in "
	                                       "a row or one in front; remove a dot" },
	{ "records: ( { name = \"*.example.com\"; } );",
	  "t.conf:1: records[0].name: \"*.example.com\" is a wildcard; list each host name" },
	{ "records: ( { name = \"a b\"; } );",
	  "t.conf:1: records[0].name: \"a b\" is no host name; use letters, digits, \"-\", \"_\" "
	  "and single dots" },
	{ "records: ( { name = \"a/b\"; } );",
	  "t.conf:1: records[0].name: \"a/b\" is no host name; use letters, digits, \"-\", \"_\" "
	  "and single dots" },
	{ "records: ( { name = \"192.0.2.1\"; } );",
	  "t.conf:1: records[0].name: \"192.0.2.1\" is an IP address; write a host name" },
	{ "records: ( { name = \"::1\"; } );",
	  "t.conf:1: records[0].name: \"::1\" is an IP address; write a host name" },
	{ "records: ( { name = \"a.0x7F\"; } );",
	  "t.conf:1: records[0].name: \"a.0x7F\" ends in a number, which programs take for an IP "
	  "address; write a host name" },
	{ "records: ( { name = \"a.1\"; } );",
	  "t.conf:1: records[0].name: \"a.1\" ends in a number, which programs take for an IP "
	  "address; write a host name" },
	{ "records: ( { name = \"" TEXT_63 "4\"; } );",
	  "t.conf:1: records[0].name: "
	  "\"a234567890123456789012345678901234567890123456789012345678901234\" has a label longer "
	  "than 63 characters; shorten it" },
	{ "records: ( { name = \"" TEXT_253 "4\"; } );",
	  "t.conf:1: records[0].name: "
	  "\"a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g234\" is longer than 253 "
	  "characters; shorten it" },
	{ RECORD_WITH(""),
	  "t.conf:1: records[0].primary: is missing; write primary: { address = \"...\"; }" },
	{ RECORD_WITH("aliases = \"w\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].aliases: must be a list of host names; write [ \"...\", \"...\" "
	  "]" },
	{ RECORD_WITH("aliases = [ 1 ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].aliases[0]: must be a string; write it in double quotes" },
	{ RECORD_WITH("aliases = [ \"w\", \"w.\" ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].aliases[1]: \"w\" stands already at t.conf:1; remove one of the "
	  "two" },
	{ RECORD_WITH("aliases = [\n \"w\",\n \"-*\"\n ]; " GOOD_PRIMARY),
	  "t.conf:3: records[0].aliases[1]: \"-*\" is a wildcard; list each host name" },
	{ RECORD_WITH("primary: { address = \"fe80::1%nosuch0\"; };"),
	  "t.conf:1: records[0].primary.address: \"fe80::1%nosuch0\" has a zone that is no "
	  "interface of this host; write an interface's name or number behind the %" },
	{ RECORD_WITH("primary: { addresses = [ \"::1\", \"fe80::1\" ]; };"),
	  "t.conf:1: records[0].primary.addresses[1]: \"fe80::1\" is link-local and has no zone; "
	  "write the interface behind it, as in \"fe80::1%eth0\"" },
	{ RECORD_WITH("aliases = [ \"w\",\n\"v\" # remark\n\"u\" ]; " GOOD_PRIMARY),
	  "t.conf:3: syntax error: two strings in a list without a comma between them; add the "
	  "comma" },
	{ RECORD_WITH("aliases = ( \"w\" \"v\" ); " GOOD_PRIMARY),
	  "t.conf:1: syntax error: two strings in a list without a comma between them; add the "
	  "comma" },
	{ RECORD_WITH("alias = [ \"w\" ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].alias: unknown setting; did you mean \"aliases\"?" },
	{ RECORD_WITH("aliases = [ \"WWW\" ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].aliases[0]: \"WWW\" stands already at t.conf:1; remove one of the "
	  "two" },
	{ "records: (\n{ name = \"a\"; " GOOD_PRIMARY
	  "},\n{ name = \"b\"; aliases = [ \"c\" ]; " GOOD_PRIMARY
	  "},\n{ name = \"C.\"; " GOOD_PRIMARY "} );",
	  "t.conf:4: records[2].name: \"C\" stands already at t.conf:3; remove one of the two" },
	{ "records: (\n{ name = \"a.example\"; " GOOD_PRIMARY
	  "},\n{ name = \"A.Example.\"; " GOOD_PRIMARY "} );",
	  "t.conf:3: records[1].name: \"A.Example\" stands already at t.conf:2; remove one of the "
	  "two" },
	{ RECORD_WITH("primary = ();"),
	  "t.conf:1: records[0].primary: must be a group; write { ... }" },
	{ RECORD_WITH("primary = \"192.0.2.1\";"),
	  "t.conf:1: records[0].primary: must be a group; write { ... }" },
	{ RECORD_WITH(GOOD_PRIMARY "secondary = \"192.0.2.1\";"),
	  "t.conf:1: records[0].secondary: must be an endpoint or a list of them; write { address "
	  "= ...; } or ( { ... }, { ... } )" },
	{ RECORD_WITH(GOOD_PRIMARY "secondary = ( 1 );"),
	  "t.conf:1: records[0].secondary[0]: must be a group; write { ... }" },
	{ RECORD_WITH(GOOD_PRIMARY "secondary = (" ENDPOINT ", { });"),
	  "t.conf:1: records[0].secondary[1].address: is missing; write an IP address or a host "
	  "name, as in address = \"192.0.2.10\"" },
	{ RECORD_WITH(GOOD_PRIMARY "secondary = (" ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT
	                           "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT ");"),
	  "t.conf:1: records[0].secondary: has 8 entries; write at most 7 entries" },
	{ RECORD_WITH("failback = \"never\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].failback: \"never\" is not known; write \"auto\" or \"manual\"" },
	{ RECORD_WITH("failback = \"manuel\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].failback: \"manuel\" is not known; write \"auto\" or \"manual\"" },
	{ RECORD_WITH("failback = true; " GOOD_PRIMARY),
	  "t.conf:1: records[0].failback: must be a string; write it in double quotes" },
	{ RECORD_WITH("failback_delay = 30; " GOOD_PRIMARY),
	  "t.conf:1: records[0].failback_delay: 30 has no unit; write \"30s\" for seconds" },
	{ RECORD_WITH("failback_delay = \"25h\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].failback_delay: \"25h\" is out of bounds; write 0s to 24h" },
	{ RECORD_WITH("isolation = false; " GOOD_PRIMARY),
	  "t.conf:1: records[0].isolation: must be a string; write it in double quotes" },
	{ RECORD_WITH("connect = true; " GOOD_PRIMARY),
	  "t.conf:1: records[0].connect: must be a string; write it in double quotes" },
	{ RECORD_WITH("connect = \"retries\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].connect: \"retries\" is not known; write \"off\", \"retry\" or "
	  "\"redirect\"" },
	{ FILE_WITH("isolation = \"no\";"),
	  "t.conf:1: isolation: \"no\" is not known; write \"on\" or \"off\"" },
	{ RECORD_WITH("all_down = \"nxdomain\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].all_down: \"nxdomain\" is not known; write \"primary\", \"hold\", "
	  "\"dns\" or \"fail\"" },
	{ RECORD_WITH("on_leave = \"reset\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].on_leave: resets connections, and no port is known; write the "
	  "service's, as in ports = [ 443 ]" },
	{ RECORD_WITH("on_return = \"reset\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].on_return: resets connections, and no port is known; write the "
	  "service's, as in ports = [ 443 ]" },
	{ RECORD_WITH("on_leave = \"drop\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].on_leave: \"drop\" is not known; write \"keep\" or \"reset\"" },
	{ FILE_WITH("reset_rate = 0;"),
	  "t.conf:1: reset_rate: 0 is out of bounds; write 1 to 100000" },
	{ FILE_WITH("reset_socket = \"\";"),
	  "t.conf:1: reset_socket: is empty; write the path of a file" },
	{ RECORD_WITH("ports = 443; " GOOD_PRIMARY),
	  "t.conf:1: records[0].ports: must be a list of ports; write [ 443 ]" },
	{ RECORD_WITH("ports = [ ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].ports: is empty; write 1 to 16 entries" },
	{ RECORD_WITH("ports = [ \"https\" ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].ports[0]: must be a port; write 1 to 65535 without quotes" },
	{ RECORD_WITH("ports = [ 80, 0 ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].ports[1]: 0 is out of bounds; write 1 to 65535" },
	{ RECORD_WITH("ports = [ 4294967376 ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].ports[0]: 2147483647 is out of bounds; write 1 to 65535" },
	{ RECORD_WITH("ports = [ 80, 443, 80 ]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].ports[2]: stands twice in ports; remove one" },
	{ RECORD_WITH("ports = [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 "
	              "]; " GOOD_PRIMARY),
	  "t.conf:1: records[0].ports: has 17 entries; write 1 to 16 entries" },
	{ RECORD_WITH("failback_delay = \"1m\"; flap_penalty = 30; " GOOD_PRIMARY),
	  "t.conf:1: records[0].flap_penalty: 30 has no unit; write \"30s\" for seconds" },
	{ RECORD_WITH("flap_penalty = \"25h\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].flap_penalty: \"25h\" is out of bounds; write 0s to 24h" },
	{ RECORD_WITH("flap_window = \"0s\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].flap_window: \"0s\" is out of bounds; write 1s to 24h" },
	{ RECORD_WITH("failback_max = \"25h\"; " GOOD_PRIMARY),
	  "t.conf:1: records[0].failback_max: \"25h\" is out of bounds; write 0s to 24h" },
	{ RECORD_WITH("sticky = true; " GOOD_PRIMARY),
	  "t.conf:1: records[0].sticky: unknown setting; known here are name, aliases, "
	  "primary, secondary, failback, failback_delay, flap_penalty, flap_window, failback_max, "
	  "all_down, isolation, ports, connect, on_leave, on_return, scope, share, sites, "
	  "on_etcd_lost, stagger, failback_jitter" },

	/* endpoints */
	{ PRIMARY_WITH(""), "t.conf:1: records[0].primary.address: is missing; write an IP address "
	                    "or a host name, as in address = \"192.0.2.10\"" },
	{ PRIMARY_WITH("adress = \"192.0.2.1\";"),
	  "t.conf:1: records[0].primary.adress: unknown setting; did you mean \"address\"?" },
	{ PRIMARY_WITH("address = \"a\"; i = 1;"),
	  "t.conf:1: records[0].primary.i: unknown setting; did you mean \"id\"?" },
	{ PRIMARY_WITH("address = \"a\"; weight = 5;"),
	  "t.conf:1: records[0].primary.weight: unknown setting; known here are id, address, "
	  "addresses, min_up, check, allow_local, family" },
	{ PRIMARY_WITH("address = \"a\"; addresses = [ \"b\" ];"),
	  "t.conf:1: records[0].primary.addresses: stands beside address; move that one in here" },
	{ PRIMARY_WITH("address = 1;"),
	  "t.conf:1: records[0].primary.address: must be a string; write it in double quotes" },
	{ PRIMARY_WITH("address = \"\";"),
	  "t.conf:1: records[0].primary.address: \"\" is neither an IP address nor a host name; "
	  "write one, as in \"192.0.2.10\"" },
	{ PRIMARY_WITH("address = \"192.0.2.300\";"),
	  "t.conf:1: records[0].primary.address: \"192.0.2.300\" is neither an IP address nor a "
	  "host name; write one, as in \"192.0.2.10\"" },
	{ PRIMARY_WITH("address = \"192.0.2.1:80\";"),
	  "t.conf:1: records[0].primary.address: \"192.0.2.1:80\" is neither an IP address nor a "
	  "host name; write the port into the check" },
	{ PRIMARY_WITH("address = \"http://a/\";"),
	  "t.conf:1: records[0].primary.address: \"http://a/\" is neither an IP address nor a host "
	  "name; write the host alone, without \"://\" and what stands around it" },
	{ PRIMARY_WITH("addresses = \"192.0.2.1\";"),
	  "t.conf:1: records[0].primary.addresses: must be a list of IP addresses and host names; "
	  "write [ \"...\", \"...\" ]" },
	{ PRIMARY_WITH("addresses = [ ];"),
	  "t.conf:1: records[0].primary.addresses: is empty; write 1 to 16 entries" },
	{ PRIMARY_WITH("addresses = [\n\"192.0.2.1\",\n\"x y\"\n];"),
	  "t.conf:3: records[0].primary.addresses[1]: \"x y\" is neither an IP address nor a host "
	  "name; write one, as in \"192.0.2.10\"" },
	{ PRIMARY_WITH("addresses = ( \"192.0.2.1\", 5 );"),
	  "t.conf:1: records[0].primary.addresses[1]: must be a string; write it in double "
	  "quotes" },
	{ PRIMARY_WITH("addresses = [ \"::1\", \"0::1\" ];"),
	  "t.conf:1: records[0].primary.addresses[1]: stands twice in this list; remove one" },
	{ PRIMARY_WITH("addresses = [ \"a.example\", \"A.example.\" ];"),
	  "t.conf:1: records[0].primary.addresses[1]: stands twice in this list; remove one" },
	{ PRIMARY_WITH("addresses = "
	               "[\"192.0.2.1\",\"192.0.2.2\",\"192.0.2.3\",\"192.0.2.4\",\"192.0.2.5\","
	               "\"192.0.2.6\",\"192.0.2.7\",\"192.0.2.8\",\"192.0.2.9\",\"192.0.2.10\","
	               "\"192.0.2.11\",\"192.0.2.12\",\"192.0.2.13\",\"192.0.2.14\",\"192.0.2.15\","
	               "\"192.0.2.16\",\"192.0.2.17\"];"),
	  "t.conf:1: records[0].primary.addresses: has 17 entries; write 1 to 16 entries" },
	{ PRIMARY_WITH("address = \"a\"; id = \"A\";"),
	  "t.conf:1: records[0].primary.id: \"A\" is no id; write a-z, 0-9 and \"-\"" },
	{ PRIMARY_WITH("address = \"a\"; id = \"\";"),
	  "t.conf:1: records[0].primary.id: is empty; write 1 to 63 characters" },
	{ PRIMARY_WITH("address = \"a\"; id = \"" TEXT_63 "4\";"),
	  "t.conf:1: records[0].primary.id: is too long; write 1 to 63 characters" },
	{ PRIMARY_WITH("address = \"a\"; id = 1;"),
	  "t.conf:1: records[0].primary.id: must be a string; write it in double quotes" },
	{ RECORD_WITH(GOOD_PRIMARY "secondary: { id = \"primary\"; address = \"a\"; };"),
	  "t.conf:1: records[0].secondary.id: another endpoint of this record has the id "
	  "\"primary\"; write id = \"...\" with another" },
	{ RECORD_WITH("primary: { id = \"secondary\"; address = \"a\"; };\n secondary: " ENDPOINT
	              ";"),
	  "t.conf:2: records[0].secondary: another endpoint of this record has the id "
	  "\"secondary\"; write id = \"...\" with another" },
	{ PRIMARY_WITH("address = \"a\"; min_up = 0;"),
	  "t.conf:1: records[0].primary.min_up: 0 is out of bounds; write 1 to 16" },
	{ PRIMARY_WITH("address = \"a\"; min_up = 17;"),
	  "t.conf:1: records[0].primary.min_up: 17 is out of bounds; write 1 to 16" },
	{ PRIMARY_WITH("address = \"a\"; min_up = \"2\";"),
	  "t.conf:1: records[0].primary.min_up: must be a whole number; write 1 to 16 without "
	  "quotes" },
	{ PRIMARY_WITH("addresses = [ \"192.0.2.1\", \"192.0.2.2\" ]; min_up = 3;"),
	  "t.conf:1: records[0].primary.min_up: 3 is more than its addresses are; write 1 to 2" },
	{ PRIMARY_WITH("address = \"192.0.2.1\"; min_up = 2;"),
	  "t.conf:1: records[0].primary.min_up: 2 is more than its addresses are; write 1 to 1" },
	{ PRIMARY_WITH("address = \"a\"; family = \"inet\";"),
	  "t.conf:1: records[0].primary.family: \"inet\" is not known; write \"ipv4\", \"ipv6\" or "
	  "\"any\"" },
	{ PRIMARY_WITH("addresses = [ \"192.0.2.1\", \"a\" ]; family = \"ipv6\";"),
	  "t.conf:1: records[0].primary.family: 192.0.2.1 is no IPv6 address; remove it, or "
	  "write \"any\"" },
	{ PRIMARY_WITH("address = \"a\"; allow_local = 1;"),
	  "t.conf:1: records[0].primary.allow_local: must be true or false; write it without "
	  "quotes" },
	{ PRIMARY_WITH("address = \"a\"; check = \"web\";"),
	  "t.conf:1: records[0].primary.check: there is no check \"web\"; add it to checks" },
	{ PRIMARY_WITH("address = \"a\"; check = 1;"),
	  "t.conf:1: records[0].primary.check: must be the name of a check, or a check; write "
	  "\"NAME\" or { type = ...; }" },
	{ PRIMARY_WITH("address = \"a\"; check = { };"),
	  "t.conf:1: records[0].primary.check.type: is missing; write type = " TYPES },
	{ "checks: { web: { type = \"http\"; }; db: { type = \"tcp\"; port = 1; }; };\nrecords: ( "
	  "{ name = \"a\"; primary: { address = \"a\"; check = \"webb\"; }; } );",
	  "t.conf:2: records[0].primary.check: there is no check \"webb\"; did you mean \"web\"?" },
	{ "checks: { web: { type = \"http\"; }; };\nrecords: ( { name = \"a\"; primary: { address "
	  "= \"a\"; check = \"postgres\"; }; } );",
	  "t.conf:2: records[0].primary.check: there is no check \"postgres\"; add it to checks" },
	{ "checks: { web: { type = \"http\"; }; };\nrecords: ( { name = \"a\"; primary: { address "
	  "= \"a\"; check = \"Web\"; }; } );",
	  "t.conf:2: records[0].primary.check: there is no check \"Web\"; did you mean \"web\"?" },
	{ RECORD_WITH(GOOD_PRIMARY
	              "secondary: ( " ENDPOINT
	              ",\n{ address = \"a\"; check: { type = \"tcp\"; prot = 1; }; } );"),
	  "t.conf:2: records[0].secondary[1].check.prot: unknown setting; did you mean \"port\"?" },
};

static void replace_folder(char *text)
{
	size_t length = strlen(folder);

	for (char *at; (at = strstr(text, folder)) != NULL;) {
		memmove(at + 3, at + length, strlen(at + length) + 1);
		memcpy(at, "DIR", 3);
	}
}

static void test_mistake(void **state)
{
	const struct mistake *mistake = *state;
	char error[CONFIG_ERROR_MAX] = "";

	write_text("t.conf", mistake->text);
	assert_null(config_load("t.conf", error));
	replace_folder(error);
	assert_string_equal(error, mistake->error);
}

/* Mistakes that a string of C cannot hold, or that are not in t.conf. */

static void expect_error(const char *path, const char *expected)
{
	char error[CONFIG_ERROR_MAX] = "";

	assert_null(config_load(path, error));
	replace_folder(error);
	assert_string_equal(error, expected);
}

static void test_files(void **state)
{
	(void)state;
	expect_error("absent.conf", "absent.conf: cannot be read: No such file or directory; name "
	                            "a configuration file with -c");
	expect_error("", ": cannot be read: No such file or directory; name a configuration file "
	                 "with -c");
	expect_error("sub", "sub: cannot be read: it is a folder; name a configuration file with "
	                    "-c");
	expect_error("fifo", "fifo: cannot be read: it is not a regular file; name a configuration "
	                     "file with -c");
	expect_error("/dev/null", "/dev/null: cannot be read: it is not a regular file; name a "
	                          "configuration file with -c");
	expect_error("none.pem/x", "none.pem/x: cannot be read: Not a directory; name a "
	                           "configuration file with -c");
	/* These two lie about their size, and the second one cannot be read from its start. */
	expect_error("/proc/version", "/proc/version: cannot be read: it grows while it is read; "
	                              "name a configuration file with -c");
	expect_error("/proc/self/mem", "/proc/self/mem: cannot be read: Input/output error; name a "
	                               "configuration file with -c");
	write_bytes("t.conf", "records: ();\n# \0\n", 17);
	expect_error("t.conf", "t.conf:2: syntax error: a zero byte; save the file as plain text");
	/* The file of a mistake is spelled as the configuration was. */
	expect_error("./bad.conf", "./bad.conf:3: socket: must be a string; write it in double "
	                           "quotes");
	write_text("sub/t.conf", "@include \"inner.conf\"\n@include \"../bad.conf\"\n");
	expect_error("sub/t.conf", "sub/../bad.conf:3: socket: must be a string; write it in "
	                           "double quotes");
}

static void test_too_large(void **state)
{
	(void)state;
	write_text("t.conf", "records: ();\n");
	assert_int_equal(truncate("t.conf", (64 << 20) + 1), 0);
	expect_error("t.conf", "t.conf: cannot be read: it is too large; name a configuration file "
	                       "with -c");
	write_text("t.conf", "");
}

/* A name that is too long for any message must not break the line, nor a control character in a file's name. */
static void test_hostile_names(void **state)
{
	char name[5000], text[6000], error[CONFIG_ERROR_MAX] = "";

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "%s = 1;", name);
	write_text("t.conf", text);
	assert_null(config_load("t.conf", error));
	assert_non_null(strstr(error, "t.conf:1: aaa"));
	assert_non_null(strstr(error, "unknown setting; known here are socket, "));
	write_text("new\nline.conf", "records = 1;");
	expect_error("new\nline.conf",
	             "new?line.conf:1: records: must be a list of records; write ( { ... } )");
}

/* --- what is good ---------------------------------------------------------------------------- */

static struct config *load(const char *text)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config;

	write_text("t.conf", text);
	config = config_load("t.conf", error);
	if (!config)
		fail_msg("%s", error);
	return config;
}

static void assert_literal(const struct source *source, const char *text)
{
	char written[ADDRESS_TEXT_MAX];

	assert_null(source->name);
	assert_string_equal(address_format(&source->address, written), text);
}

static const char design[] =
        "    socket    = \"/run/shunt/shunt.sock\";     # clients attach here, mode 0666\n"
        "    control   = \"/run/shunt/control.sock\";   # operators and readers\n"
        "    state_dir = \"/var/lib/shunt\";\n"
        "    stale_limit = \"10m\";\n"
        "    # user      = \"shunt\";                   # default: stay who started it\n"
        "    # http      = \"127.0.0.1:9469\";          # optional\n"
        "    # resolvers = [ \"127.0.0.1:5353\" ];      # optional\n"
        "\n"
        "    checks: {\n"
        "      web: { type = \"http\"; port = 8080; path = \"/health\"; expect_status = "
        "\"200-399\"; expect_body = \"ok\";\n"
        "             interval = \"10s\"; fast_interval = \"1s\"; timeout = \"4s\"; fall = 3; rise "
        "= 3; };\n"
        "      db:  { type = \"tcp\"; port = 5432; };\n"
        "    };\n"
        "\n"
        "    records: (\n"
        "      { name = \"www.example.com\"; aliases = [ \"www\" ];\n"
        "        primary:   { address = \"192.0.2.10\"; check = \"web\"; };\n"
        "        secondary: { address = \"standby.example.net\"; check = \"web\"; }; },\n"
        "\n"
        "      { name = \"db.example.com\"; failback = \"manual\";\n"
        "        primary:   { addresses = [ \"192.0.2.20\", \"2001:db8::20\" ]; check = \"db\"; "
        "};\n"
        "        secondary: ( { id = \"replica-1\"; address = \"192.0.2.21\"; check = \"db\"; },\n"
        "                     { id = \"replica-2\"; address = \"192.0.2.22\"; check = { type = "
        "\"tcp\"; port = 5432; interval = \"2s\"; }; } ); }\n"
        "    );\n";

static void assert_web_check(const struct check *check)
{
	assert_string_equal(check->name, "web");
	assert_int_equal(check->type, CHECK_HTTP);
	assert_int_equal(check->port, 8080);
	assert_string_equal(check->path, "/health");
	assert_null(check->host);
	assert_string_equal(check->method, "GET");
	assert_int_equal(check->expect_status_count, 1);
	assert_int_equal(check->expect_status[0].first, 200);
	assert_int_equal(check->expect_status[0].last, 399);
	assert_string_equal(check->expect_body, "ok");
	assert_int_equal(check->body_limit, 5120);
	assert_true(check->tls_verify);
	assert_null(check->ca_file);
	assert_null(check->sni);
	assert_int_equal(check->interval, 10000);
	assert_int_equal(check->fast_interval, 1000);
	assert_int_equal(check->timeout, 4000);
	assert_int_equal(check->rules.fall, 3);
	assert_int_equal(check->rules.rise, 3);
}

static void test_example(void **state)
{
	struct config *config = load(design);
	const struct record_config *www = &config->records[0], *db = &config->records[1];

	(void)state;
	assert_string_equal(config->path, "t.conf");
	assert_string_equal(config->socket, "/run/shunt/shunt.sock");
	assert_string_equal(config->control, "/run/shunt/control.sock");
	assert_string_equal(config->state_dir, "/var/lib/shunt");
	assert_int_equal(config->stale_limit, 600000);
	assert_null(config->user);
	assert_null(config->http);
	assert_int_equal(config->resolver_count, 0);
	assert_int_equal(config->socket_line, 1);
	assert_string_equal(config->control_file, "t.conf");
	assert_int_equal(config->control_line, 2);
	assert_int_equal(config->user_line, 0);
	assert_int_equal(config->records_line, 15);
	assert_int_equal(config->record_count, 2);

	assert_string_equal(www->name, "www.example.com");
	assert_int_equal(www->alias_count, 1);
	assert_string_equal(www->aliases[0], "www");
	assert_int_equal(www->policy.failback, FAILBACK_AUTO);
	assert_int_equal(www->policy.failback_delay_ms, 0);
	assert_int_equal(www->policy.flap_penalty_ms, 0);
	assert_int_equal(www->policy.flap_window_ms, 600000);
	assert_int_equal(www->policy.failback_max_ms, 3600000);
	assert_int_equal(www->endpoints[0].min_up, 1);
	assert_int_equal(www->policy.all_down, ALL_DOWN_PRIMARY);
	assert_int_equal(www->isolation, ISOLATION_ON);
	assert_int_equal(www->endpoint_count, 2);
	assert_string_equal(www->endpoints[0].id, "primary");
	assert_int_equal(www->endpoints[0].source_count, 1);
	assert_literal(&www->endpoints[0].sources[0], "192.0.2.10");
	assert_false(www->endpoints[0].allow_local);
	assert_int_equal(www->endpoints[0].family, FAMILY_ANY);
	assert_string_equal(www->endpoints[1].id, "secondary");
	assert_string_equal(www->endpoints[1].sources[0].name, "standby.example.net");
	assert_web_check(www->endpoints[0].check);
	assert_ptr_equal(www->endpoints[0].check, www->endpoints[1].check);

	assert_int_equal(db->policy.failback, FAILBACK_MANUAL);
	assert_int_equal(db->endpoint_count, 3);
	assert_int_equal(db->endpoints[0].source_count, 2);
	assert_literal(&db->endpoints[0].sources[1], "2001:db8::20");
	assert_string_equal(db->endpoints[1].id, "replica-1");
	assert_string_equal(db->endpoints[1].check->name, "db");
	assert_string_equal(db->endpoints[2].id, "replica-2");
	assert_null(db->endpoints[2].check->name);
	assert_int_equal(db->endpoints[2].check->type, CHECK_TCP);
	assert_int_equal(db->endpoints[2].check->port, 5432);
	assert_int_equal(db->endpoints[2].check->interval, 2000);
	assert_int_equal(db->endpoints[2].check->fast_interval, 1000);
	config_free(config);
}

static void test_everything(void **state)
{
	static const char text[] =
	        "socket = \"run/a.sock\"; control = \"/run/b.sock\"; state_dir = \"st\";"
	        "stale_limit = \"0s\"; user = \"shunt\"; http = \"[::1]:9469\";"
	        "http_hosts = ( \"m.example.com\", \"n.\" );"
	        "resolvers = [ \"192.0.2.53\", \"192.0.2.54:5353\", \"2001:db8::53\","
	        " \"[2001:db8::54]\", \"[2001:db8::55]:65535\" ];"
	        "checks: { t: { type = \"https\"; host = \"h.example.com.\"; method = \"HEAD\";"
	        " expect_status = ( \"300-302 , 204\", 200, 201 ); tls_verify = false;"
	        " ca_file = \"good.pem\"; sni = \"s.example.com\"; interval = \"500ms\"; fall = "
	        "0x2;"
	        " rise = 5L; timeout = \"30s\"; }; };"
	        "records: ( { name = \"a_b-c.X1.\"; isolation = \"off\"; all_down = \"hold\"; "
	        "connect = \"redirect\"; "
	        "failback_delay = \"1m\";"
	        " flap_penalty = \"20s\"; flap_window = \"5m\"; failback_max = \"30m\";"
	        " primary: { allow_local = true; min_up = 16; addresses = ( \"fe80::1%1\", "
	        "\"A.example.\" );"
	        "   check = \"t\"; };"
	        " secondary: ( { address = \"0.0.0.0\"; }, { address = \"b\"; } ); } )";
	struct config *config = load(text);
	const struct record_config *record = config->records;
	const struct check *check = record->endpoints[0].check;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/run/a.sock", folder);
	assert_string_equal(config->socket, path);
	assert_string_equal(config->control, "/run/b.sock");
	snprintf(path, sizeof(path), "%s/st", folder);
	assert_string_equal(config->state_dir, path);
	assert_int_equal(config->stale_limit, 0);
	assert_string_equal(config->user, "shunt");
	assert_string_equal(config->http, "[::1]:9469");
	assert_int_equal(config->http_address.port, 9469);
	assert_int_equal(config->http_address.address.family, SHUNT_FAMILY_IPV6);
	assert_int_equal(config->http_host_count, 2);
	assert_string_equal(config->http_hosts[1], "n");
	assert_int_equal(config->resolver_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(config->resolvers[i].port, i == 1 ? 5353 : i == 4 ? 65535 : 53);
	assert_int_equal(check->type, CHECK_HTTPS);
	assert_int_equal(check->port, 443);
	assert_string_equal(check->host, "h.example.com");
	assert_string_equal(check->method, "HEAD");
	assert_int_equal(check->expect_status_count, 3);
	assert_int_equal(check->expect_status[0].first, 200);
	assert_int_equal(check->expect_status[0].last, 201);
	assert_int_equal(check->expect_status[1].first, 204);
	assert_int_equal(check->expect_status[1].last, 204);
	assert_int_equal(check->expect_status[2].last, 302);
	assert_false(check->tls_verify);
	snprintf(path, sizeof(path), "%s/good.pem", folder);
	assert_string_equal(check->ca_file, path);
	assert_string_equal(check->sni, "s.example.com");
	assert_int_equal(check->interval, 500);
	assert_int_equal(check->fast_interval, 500);
	assert_int_equal(check->timeout, 30000);
	assert_int_equal(check->rules.fall, 2);
	assert_int_equal(check->rules.rise, 5);
	assert_string_equal(record->name, "a_b-c.X1");
	assert_int_equal(record->policy.all_down, ALL_DOWN_HOLD);
	assert_int_equal(record->isolation, ISOLATION_OFF);
	assert_int_equal(record->connect, CONNECT_REDIRECT);
	assert_int_equal(record->policy.failback_delay_ms, 60000);
	assert_int_equal(record->policy.flap_penalty_ms, 20000);
	assert_int_equal(record->policy.flap_window_ms, 300000);
	assert_int_equal(record->policy.failback_max_ms, 1800000);
	assert_int_equal(record->endpoints[0].min_up, 16);
	assert_int_equal(record->endpoints[1].min_up, 1);
	assert_true(record->endpoints[0].allow_local);
	assert_literal(&record->endpoints[0].sources[0], "fe80::1%1");
	assert_string_equal(record->endpoints[0].sources[1].name, "A.example.");
	assert_string_equal(record->endpoints[1].id, "secondary");
	assert_string_equal(record->endpoints[2].id, "secondary-2");
	assert_null(record->endpoints[2].check);
	config_free(config);
}

static void test_request(void **state)
{
	struct config *config = load(
	        "records: ( { name = \"a\"; primary: { address = \"192.0.2.1\"; check = {\n"
	        "type = \"http\"; headers = ( \"X-A:b\", \"Accept: c \" ); expect_header = "
	        "\"Server: x\";\n"
	        "credentials_file = \"good\"; source = \"192.0.2.9\"; connect_timeout = \"1s\"; "
	        "watch = true; "
	        "};\n"
	        "}; secondary: { address = \"b\"; check = { type = \"tls\"; port = 636; "
	        "client_cert "
	        "= \"pair.pem\";\n"
	        "sni = \"s\"; host = \"h\"; source = \"eth0.1\"; cert_warning = \"0s\"; }; };\n"
	        "}, { name = \"b\"; primary: { address = \"b\"; check = { type = \"https\"; "
	        "credentials_file = \"good\"; }; }; } );");
	const struct check *http = config->records[0].endpoints[0].check;
	const struct check *tls = config->records[0].endpoints[1].check;
	const struct check *https = config->records[1].endpoints[0].check;
	char text[ADDRESS_TEXT_MAX], path[512];

	(void)state;
	assert_int_equal(http->header_count, 2);
	assert_string_equal(http->headers[0], "X-A:b");
	assert_string_equal(http->headers[1], "Accept: c ");
	assert_string_equal(http->expect_header, "Server: x");
	assert_string_equal(http->credentials, "user:pass: word");
	assert_string_equal(address_format(&http->source, text), "192.0.2.9");
	assert_null(http->source_interface);
	assert_int_equal(http->connect_timeout, 1000);
	assert_true(http->watch);
	snprintf(path, sizeof(path), "%s/pair.pem", folder);
	assert_string_equal(tls->client_cert, path);
	assert_string_equal(tls->client_key, path);
	assert_string_equal(tls->source_interface, "eth0.1");
	assert_int_equal(tls->source.family, 0);
	assert_int_equal(tls->cert_warning, 0);
	assert_int_equal(https->cert_warning, 14 * 24 * 3600000);
	assert_int_equal(https->connect_timeout, 0);
	assert_null(https->client_cert);
	assert_false(https->watch);
	assert_null(https->source_interface);
	config_free(config);
}

static void test_defaults(void **state)
{
	struct config *config = load("records: ( { name = \"a\"; primary: { address = \"b\";\n"
	                             "check = { type = \"tcp\"; port = 1; }; }; } ); # no newline");
	const struct check *check = config->records->endpoints[0].check;

	(void)state;
	assert_string_equal(config->socket, "/run/shunt/shunt.sock");
	assert_string_equal(config->socket_file, "t.conf");
	assert_int_equal(config->socket_line, 0);
	assert_int_equal(config->stale_limit, 600000);
	assert_string_equal(check->path, "/");
	assert_string_equal(check->method, "GET");
	assert_int_equal(check->expect_status[0].last, 399);
	config_free(config);
	config =
	        load("checks: { a: { type = \"http\"; host = \"192.0.2.9\"; }; b: { type = "
	             "\"https\"; }; };\n"
	             "records: ( { name = \"a\"; primary: { address = \"b\"; check = \"b\"; }; },\n"
	             "{ name = \"b\"; primary: { address = \"b\"; check = \"a\"; }; } );");
	assert_int_equal(config->records[0].endpoints[0].check->port, 443);
	assert_int_equal(config->records[1].endpoints[0].check->port, 80);
	assert_string_equal(config->records[1].endpoints[0].check->host, "192.0.2.9");
	config_free(config);
	config = load("records = [ ];");
	assert_int_equal(config->record_count, 0);
	config_free(config);
	config_free(NULL);
}

/* Eight endpoints and sixteen addresses are just allowed, and so are the longest names. */
static void test_bounds(void **state)
{
	struct config *config = load(
	        "records: ( { name = \"" TEXT_253 ".\"; aliases = [ \"" TEXT_63
	        "\", \"1a\", \"1.a\", "
	        "\"-\" ];\nprimary: { id = \"" TEXT_63
	        "\"; addresses = [ \"::1\", \"::2\", \"::3\", "
	        "\"::4\", \"::5\", \"::6\", \"::7\", \"::8\", \"::9\", \"::10\", \"::11\", "
	        "\"::12\", "
	        "\"::13\", \"::14\", \"::15\", \"::16\" ]; }; secondary: (" ENDPOINT "," ENDPOINT
	        "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "); } );");

	(void)state;
	assert_int_equal(strlen(config->records->name), 253);
	assert_int_equal(config->records->alias_count, 4);
	assert_int_equal(config->records->endpoint_count, 8);
	assert_int_equal(config->records->endpoints[0].source_count, 16);
	assert_string_equal(config->records->endpoints[7].id, "secondary-7");
	config_free(config);
}

static void test_includes(void **state)
{
	struct config *config;
	char text[1024];

	(void)state;
	/* Each begins with the byte-order mark of UTF-8. */
	write_text("outer.conf",
	           "\xef\xbb\xbfstale_limit = \"1m\";\n@include \"sub/inner.conf\"\n\n"
	           "control = \"/run/c\";");
	snprintf(text, sizeof(text),
	         "\xef\xbb\xbf# first\n  \t@include \"outer.conf\" socket = \"s\";\n"
	         "@include \"%s/sub/empty.conf\"\nrecords: (\n@include \"more.conf\"\n);",
	         folder);
	write_text("sub/empty.conf", "");
	config = load(text);
	assert_int_equal(config->stale_limit, 60000);
	assert_string_equal(config->http_hosts[0], "a.example");
	assert_string_equal(config->control_file, "outer.conf");
	assert_int_equal(config->control_line, 4);
	assert_string_equal(config->socket_file, "t.conf");
	assert_int_equal(config->socket_line, 2);
	assert_int_equal(config->records_line, 4);
	assert_string_equal(config->records->name, "WWW");
	config_free(config);
	write_text("outer.conf", "stale_limit = \"1m\";\n@include \"sub/inner.conf\"\nuser = 7;\n");
}

/* `count` times `item`, with its number in it. */
static void write_many(const char *name, const char *before, const char *item, unsigned count,
                       const char *after)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s", name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(before, file);
	for (unsigned i = 0; i < count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fprintf(file, item, i);
#pragma GCC diagnostic pop
	}
	fputs(after, file);
	fclose(file);
}

/* What would take libconfig, or us, for ever. */
static void test_bounds_of_work(void **state)
{
	char error[CONFIG_ERROR_MAX];

	(void)state;
	write_many("many.conf", "records: ();\nchecks: {\n", "c%u: { type = \"http\"; };\n", 4096,
	           "};\n");
	config_free(config_load("many.conf", error));
	write_many("many.conf", "records: ();\nchecks: {\n", "c%u: { type = \"http\"; };\n", 4097,
	           "};\n");
	expect_error("many.conf",
	             "many.conf:4099: syntax error: more than 4096 settings in one group; "
	             "write checks into the endpoints that use them");
	write_text("empty.conf", "");
	write_many("many.conf", "records: ();\n", "@include \"empty.conf\" # %u\n", 1000, "");
	config_free(config_load("many.conf", error));
	write_many("many.conf", "records: ();\n", "@include \"empty.conf\" # %u\n", 1001, "");
	expect_error("many.conf",
	             "many.conf:1002: @include: more than 1000 files; put them together");
}

/* Ten files deep is just allowed. */
static void test_include_depth(void **state)
{
	char name[32], text[64];

	(void)state;
	for (unsigned i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "deep%u.conf", i);
		snprintf(text, sizeof(text), "@include \"deep%u.conf\"\n", i + 1);
		write_text(name, i < 10 ? text : "records: ();");
	}
	write_text("deep.conf", "@include \"deep0.conf\"");
	config_free(load("@include \"deep1.conf\""));
	expect_error("deep.conf", "deep9.conf:1: @include: more than 10 files deep; make sure that "
	                          "no file includes itself");
}

/* An absolute path is not put below the configuration's folder. */
static void test_absolute_include(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "@include \"%s/bad.conf\"\n", folder);
	write_text("sub/t.conf", text);
	expect_error("sub/t.conf",
	             "DIR/bad.conf:3: socket: must be a string; write it in double quotes");
}

/* In strings and comments nothing is a number, a bracket or an @include. */
static void test_quoted(void **state)
{
	struct config *config = load(
	        "/* @include \"absent\"\n@include \"absent\" ( */ # 99999999999 ( \"\n"
	        "checks: { a: { type = \"http\"; // \" {\n"
	        "expect_body = \"99999999999 ( # \\\" \\\\\" \" }/* @include\"; }; };\r\n"
	        "records: ( { name = \"a\"; primary: { address = \"b\"; check = \"a\"; }; } );");

	(void)state;
	assert_string_equal(config->records->endpoints[0].check->expect_body,
	                    "99999999999 ( # \" \\ }/* @include");
	config_free(config);
}

/* Two checks that differ in any option have different keys; written otherwise, the same key. */
static void test_keys(void **state)
{
	static const char *const checks[] = {
		"type = \"https\";",
		"type = \"http\"; port = 443;",
		"type = \"tcp\"; port = 443;",
		"type = \"tls\"; port = 443;",
		"type = \"https\"; headers = [ \"A: b\" ];",
		"type = \"https\"; headers = [ \"A: c\" ];",
		"type = \"https\"; headers = [ \"A: b\", \"A: c\" ];",
		"type = \"https\"; headers = [ \"A: b 4:A: c\" ];",
		"type = \"https\"; credentials_file = \"good\";",
		"type = \"https\"; credentials_file = \"other\";",
		"type = \"https\"; expect_header = \"a\";",
		"type = \"https\"; client_cert = \"pair.pem\";",
		"type = \"https\"; client_cert = \"pair.pem\"; client_key = \"./pair.pem\";",
		"type = \"https\"; cert_warning = \"1h\";",
		"type = \"https\"; source = \"192.0.2.1\";",
		"type = \"https\"; source = \"eth0\";",
		"type = \"https\"; connect_timeout = \"4s\";",
		"type = \"https\"; port = 80;",
		"type = \"https\"; path = \"/a\";",
		"type = \"https\"; host = \"a\";",
		"type = \"https\"; method = \"POST\";",
		"type = \"https\"; expect_status = 200;",
		"type = \"https\"; expect_status = \"200,202\";",
		"type = \"https\"; expect_body = \"a\";",
		"type = \"https\"; expect_body = \"-\";",
		"type = \"https\"; body_limit = 1;",
		"type = \"https\"; tls_verify = false;",
		"type = \"https\"; ca_file = \"good.pem\";",
		"type = \"https\"; sni = \"a\";",
		"type = \"https\"; interval = \"11s\";",
		"type = \"https\"; fast_interval = \"2s\";",
		"type = \"https\"; timeout = \"5s\";",
		"type = \"https\"; fall = 2;",
		"type = \"https\"; rise = 2;",
		"type = \"https\"; path = \"/host=1:a\";",
		"type = \"https\"; expect_body = \"a/5120 verify=0\";",
		"type = \"https\"; down_interval = \"1m\";",
		"type = \"https\"; invert = true;",
		"type = \"https\"; disabled = true;",
		"type = \"https\"; watch = true;",
		"type = \"exec\"; command = [ \"/bin/sh\" ];",
		"type = \"exec\"; command = [ \"/bin/sh\", \"%a\" ];",
		"type = \"exec\"; command = [ \"/bin/sh\", \"%a\", \"\" ];",
		"type = \"exec\"; command = [ \"/bin/sh\" ]; pass_status = \"0-1\";",
		"type = \"exec\"; command = [ \"/bin/sh\" ]; none_status = 3;",
		"type = \"exec\"; port = 1; command = [ \"/bin/sh\", \"%a\" ];",
		"type = \"calculated\"; of = [ \"a\" ];",
		"type = \"calculated\"; of = [ \"b\" ];",
		"type = \"calculated\"; of = [ \"a\", \"b\" ];",
		"type = \"calculated\"; of = [ \"a\", \"b\" ]; at_least = 1;",
		"type = \"calculated\"; of = [ \"a\", \"b\" ]; at_least = 1; invert = true;",
	};
	struct config *configs[COUNT(checks)], *same;
	const char *keys[COUNT(checks)];
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(checks); i++) {
		snprintf(text, sizeof(text),
		         "checks: { a: { type = \"http\"; }; b: { type = \"http\"; port = 81; }; "
		         "}; records: ( { name = \"a\"; primary: { address = \"b\"; check: { %s }; "
		         "}; } );",
		         checks[i]);
		configs[i] = load(text);
		keys[i] = configs[i]->records->endpoints[0].check->key;
		assert_null(strstr(keys[i], "word"));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(keys[i], keys[j]);
	}
	same = load(
	        "checks: { x: { rise = 3; type = \"https\"; port = 0x1bb; expect_status = ( 200, "
	        "\"201-399\" ); interval = \"10000ms\"; path = \"/\"; }; };\n"
	        "records: ( { name = \"a\"; primary: { address = \"b\"; check = \"x\"; }; } );");
	assert_string_equal(same->records->endpoints[0].check->key, keys[0]);
	config_free(same);
	for (size_t i = 0; i < COUNT(checks); i++)
		config_free(configs[i]);
}

/* A check without secrets has the digest of "-", as any other's is made: the key says what it is of. */
static void test_no_secrets(void **state)
{
	struct config *config = load(
	        "checks: { x: { type = \"http\"; host = \"a\"; }; };\n"
	        "records: ( { name = \"a\"; primary: { address = \"b\"; check = \"x\"; }; } );");
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char part[sizeof(" headers= ") + 2 * sizeof(digest)] = " headers=";

	(void)state;
	SHA256((const unsigned char *)"-", 1, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(part + strlen(part), "%02x", digest[i]);
	strcat(part, " ");
	assert_non_null(strstr(config->records->endpoints[0].check->key, part));
	config_free(config);
}

/* What a probe depends on besides its options, and what calculated checks make of others that stand behind them. */
static void test_dependence(void **state)
{
	static const struct {
		const char *name;
		bool per_record, per_endpoint;
		size_t of_count;
		uint32_t at_least;
	} cases[] = {
		{ "all", true, true, 3, 3 },    { "any", false, false, 2, 1 },
		{ "e", true, true, 0, 0 },      { "h", true, false, 0, 0 },
		{ "none", false, false, 1, 0 }, { "own", false, false, 0, 0 },
		{ "p", false, false, 0, 0 },    { "t", false, false, 0, 0 },
	};
	struct config *config = load(
	        "checks: { all: { type = \"calculated\"; of = [ \"any\", \"e\", \"h\" ]; };"
	        " any: { type = \"calculated\"; of = [ \"t\", \"own\" ]; at_least = 1; };"
	        " e: { type = \"exec\"; command = [ \"/bin/sh\", \"%n-%e\" ]; };"
	        " h: { type = \"http\"; }; own: { type = \"http\"; host = \"x\"; };"
	        " none: { type = \"calculated\"; of = [ \"t\" ]; at_least = 0; };"
	        " p: { type = \"exec\"; port = 7; command = ( \"/bin/sh\", \"%a:%p%%n\" ); };"
	        " t: { type = \"tcp\"; port = 1; down_interval = \"1m\"; disabled = true; }; };"
	        "exec_user = \"nobody\";"
	        "records: ( { name = \"r\"; primary: { address = \"192.0.2.1\"; check = \"all\"; };"
	        " secondary: ( { address = \"a\"; check = \"any\"; }, { address = \"a\"; check = "
	        "\"e\"; },"
	        " { address = \"a\"; check = \"h\"; }, { address = \"a\"; check = \"none\"; },"
	        " { address = \"a\"; check = \"own\"; }, { address = \"a\"; check = \"p\"; },"
	        " { address = \"a\"; check = \"t\"; } ); } );");
	const struct endpoint_config *endpoints = config->records->endpoints;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct check *check = endpoints[i].check;

		assert_string_equal(check->name, cases[i].name);
		assert_int_equal(check->per_record, cases[i].per_record);
		assert_int_equal(check->per_endpoint, cases[i].per_endpoint);
		assert_int_equal(check->of_count, cases[i].of_count);
		assert_int_equal(check->at_least, cases[i].at_least);
	}
	assert_ptr_equal(endpoints[0].check->of[1], endpoints[2].check);
	assert_int_equal(endpoints[6].check->port, 7);
	assert_string_equal(endpoints[6].check->command[1], "%a:%p%%n");
	assert_null(endpoints[6].check->command[2]);
	assert_int_equal(endpoints[3].check->down_interval, 10000);
	assert_int_equal(endpoints[7].check->down_interval, 60000);
	assert_true(endpoints[7].check->disabled);
	assert_false(endpoints[7].check->invert);
	assert_string_equal(config->exec_user, "nobody");
	assert_true(config->has_programs);
	config_free(config);
}

static void test_notify(void **state)
{
	struct config *config = load(
	        "notify: ( { command = [ \"/bin/sh\", \"100%\", \"\" ]; }, { command = "
	        "( \"program\" ); events = [ \"answer\", \"isolated\", \"answer\" ]; timeout = "
	        "\"100ms\"; } ); records: ();");
	char path[sizeof(folder) + 16];

	(void)state;
	assert_int_equal(config->notify_count, 2);
	assert_string_equal(config->notify[0].command[0], "/bin/sh");
	assert_string_equal(config->notify[0].command[1], "100%");
	assert_string_equal(config->notify[0].command[2], "");
	assert_null(config->notify[0].command[3]);
	assert_int_equal(config->notify[0].events, (UINT64_C(1) << EVENT_TYPES) - 1);
	assert_int_equal(config->notify[0].timeout, 30000);
	snprintf(path, sizeof(path), "%s/program", folder);
	assert_string_equal(config->notify[1].command[0], path);
	assert_int_equal(config->notify[1].events, 1u << EVENT_ANSWER | 1u << EVENT_ISOLATED);
	assert_int_equal(config->notify[1].timeout, 100);
	assert_false(config->has_programs);
	config_free(config);
	config = load("notify = [ ]; records: ();");
	assert_int_equal(config->notify_count, 0);
	config_free(config);
}

/* The manual has all of them, in one line. */
#define TCP_RECORD(rest)                                                                           \
	"checks: { a: { type = \"tcp\"; port = 9000; }; b: { type = \"https\"; };"                 \
	" x: { type = \"exec\"; command = [ \"/bin/true\" ]; };"                                   \
	" both: { type = \"calculated\"; of = [ \"b\", \"a\" ]; }; };"                             \
	"records: ( { name = \"n\"; " rest " } );"

static void test_ports(void **state)
{
	static const struct {
		const char *text;
		uint16_t ports[4]; /* ends with 0 */
	} rows[] = {
		{ TCP_RECORD(GOOD_PRIMARY), { 0 } },
		{ TCP_RECORD("primary: { address = \"::1\"; check = \"a\"; };"), { 9000 } },
		{ TCP_RECORD("primary: { address = \"::1\"; check = \"both\"; };"), { 443, 9000 } },
		{ TCP_RECORD("primary: { address = \"::1\"; check = \"x\"; };"), { 0 } },
		{ TCP_RECORD("primary: { address = \"::1\"; check = \"a\"; };"
		             "secondary: { address = \"::2\"; check = \"b\"; };"),
		  { 443, 9000 } },
		{ TCP_RECORD("ports = [ 8080, 80, 65535 ];"
		             "primary: { address = \"::1\"; check = \"a\"; };"),
		  { 80, 8080, 65535 } },
		{ TCP_RECORD("ports = ( 1 ); " GOOD_PRIMARY), { 1 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config *config = load(rows[i].text);
		size_t count = 0;

		while (rows[i].ports[count])
			count++;
		assert_int_equal(config->records[0].port_count, count);
		assert_false(config->has_resets);
		assert_memory_equal(config->records[0].ports, rows[i].ports,
		                    count * sizeof(uint16_t));
		config_free(config);
	}
}

static void test_resets(void **state)
{
	struct config *config = load(TCP_RECORD("on_leave = \"reset\"; "
	                                        "primary: { address = \"::1\"; check = \"a\"; };"));

	(void)state;
	assert_true(config->has_resets);
	assert_int_equal(config->records[0].on_leave, RESET_RESET);
	assert_int_equal(config->records[0].on_return, RESET_KEEP);
	assert_int_equal(config->reset_rate, 1000);
	assert_string_equal(config->reset_socket, "/run/shunt-reset.sock");
	config_free(config);
	config = load("reset_rate = 7; reset_socket = \"r.sock\";" TCP_RECORD(
	        "on_return = \"reset\"; ports = [ 1 ]; " GOOD_PRIMARY));
	assert_true(config->has_resets);
	assert_int_equal(config->records[0].on_return, RESET_RESET);
	assert_int_equal(config->reset_rate, 7);
	assert_non_null(strstr(config->reset_socket, "/r.sock"));
	config_free(config);
}

static void test_fleet(void **state)
{
	struct config *config =
	        load("fleet = { etcd = [ \"https://a:2379\", "
	             "\"https://[2001:db8::1]:1\" ]; ca_file = \"good.pem\"; "
	             "cert_file = \"pair.pem\"; user = \"db-7\"; password_file = "
	             "\"good\"; prefix = \"/a/b\"; site = \"c\"; host = \"d\"; lease = "
	             "\"1m\"; on_etcd_lost = \"hold\"; }; records: ( { name = "
	             "\"www\"; scope = \"quorum\"; " GOOD_PRIMARY "} );");
	const struct fleet_config *fleet = config->fleet;

	(void)state;
	assert_int_equal(fleet->etcd_count, 2);
	assert_string_equal(fleet->etcd[1], "https://[2001:db8::1]:1");
	assert_non_null(strstr(fleet->ca_file, "/good.pem"));
	assert_non_null(strstr(fleet->key_file, "/pair.pem"));
	assert_string_equal(fleet->user, "db-7");
	assert_string_equal(fleet->password, "user:pass: word");
	assert_string_equal(fleet->prefix, "/a/b");
	assert_string_equal(fleet->site, "c");
	assert_string_equal(fleet->host, "d");
	assert_int_equal(fleet->lease_seconds, 60);
	assert_int_equal(config->records[0].rule.scope, BALLOT_QUORUM);
	assert_int_equal(config->records[0].rule.share, 50);
	assert_int_equal(config->records[0].rule.sites, 1);
	assert_int_equal(config->records[0].on_etcd_lost, ETCD_LOST_HOLD);
	config_free(config);
}

/* A record overrules the fleet, and each host has a point of its own in what is spread. */
static void test_scope(void **state)
{
	struct config *config = load(SCOPE_WITH("scope = \"unanimous\"; sites = 2; on_etcd_lost = "
	                                        "\"hold\"; stagger = \"10s\";"));
	const struct record_config *record = &config->records[0];

	(void)state;
	assert_int_equal(config->fleet->lease_seconds, 5);
	assert_true(config->fleet->host[0]);
	assert_int_equal(record->rule.scope, BALLOT_UNANIMOUS);
	assert_int_equal(record->rule.sites, 2);
	assert_int_equal(record->on_etcd_lost, ETCD_LOST_HOLD);
	assert_int_equal(record->stagger_ms, 10000);
	assert_int_equal(record->stagger_point_ms,
	                 spread_point_ms(config->fleet->host, "www", 10000));
	config_free(config);
	config = load(RECORD_WITH(GOOD_PRIMARY "failback_jitter = \"1h\";"));
	record = &config->records[0];
	assert_null(config->fleet);
	assert_int_equal(record->failback_jitter_ms, 3600000);
	assert_true(record->policy.jitter_ms > 0 && record->policy.jitter_ms < 3600000);
	config_free(config);
}

/* A list that is not whole is none. */
static void test_too_many_ports(void **state)
{
	char text[4096] = "checks: { all: { type = \"calculated\"; of = [ ";
	struct config *config;

	(void)state;
	for (unsigned i = 0; i <= CONFIG_PORTS_MAX; i++)
		snprintf(text + strlen(text), 64, "%s\"c%u\"", i ? ", " : "", i);
	strcat(text, " ]; };");
	for (unsigned i = 0; i <= CONFIG_PORTS_MAX; i++)
		snprintf(text + strlen(text), 64, "c%u: { type = \"tcp\"; port = %u; };", i, i + 1);
	strcat(text, " }; records: ( { name = \"n\"; primary: { address = \"::1\"; check = "
	             "\"all\"; }; } );");
	config = load(text);
	assert_int_equal(config->records[0].port_count, 0);
	config_free(config);
}

static void test_types_of_events(void **state)
{
	char *text = read_text("man/shunt.conf.5"), line[512] = "\n.Cm";

	(void)state;
	for (unsigned i = 0; i < EVENT_TYPES; i++) {
		strcat(strcat(line, i ? " , " : " "), event_word((enum event_type)i));
	}
	strcat(line, " .\n");
	if (!strstr(text, line))
		fail_msg("man/shunt.conf.5 lacks%s", line);
	free(text);
}

/* Enough names for the set to grow many times, and a double at the end. */
static void test_many(void **state)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config;
	FILE *file = fopen("t.conf", "w");

	(void)state;
	assert_non_null(file);
	fprintf(file, "records: (\n");
	for (unsigned i = 0; i < 2000; i++)
		fprintf(file, "{ name = \"n%u\"; primary: { address = \"192.0.2.1\"; }; },\n", i);
	fprintf(file,
	        "{ name = \"last\"; aliases = [ \"N1234\" ]; primary: { address = \"a\"; }; }");
	fprintf(file, " );\n");
	fclose(file);
	assert_null(config_load("t.conf", error));
	assert_string_equal(error, "t.conf:2002: records[2000].aliases[0]: \"N1234\" stands "
	                           "already at t.conf:1236; remove one of the two");
	file = fopen("t.conf", "w");
	assert_non_null(file);
	fprintf(file, "records: (\n");
	for (unsigned i = 0; i < 2000; i++)
		fprintf(file, "{ name = \"n%u\"; primary: { address = \"192.0.2.1\"; }; }%s\n", i,
		        i < 1999 ? "," : ");");
	fclose(file);
	config = config_load("t.conf", error);
	assert_non_null(config);
	assert_int_equal(config->record_count, 2000);
	assert_string_equal(config->records[1999].name, "n1999");
	config_free(config);
}

/* --- the documents --------------------------------------------------------------------------- */

/* An error names bounds in words: they must be those that are enforced. */
static void test_bounds_in_words(void **state)
{
	char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX], words[64];

	(void)state;
	for (const struct config_option *row = config_options; row->name; row++) {
		if (row->max == 0) {
			assert_null(row->bounds);
			continue;
		}
		print_message("# %s\n", row->name);
		assert_non_null(row->bounds);
		/* An integer that is too large for 32 bits is read as the largest one. */
		assert_true(row->max < INT32_MAX);
		if (strcmp(row->kind, "duration") == 0)
			snprintf(words, sizeof(words), "%s to %s", duration_format(row->min, low),
			         duration_format(row->max, high));
		else if (strncmp(row->bounds, "at most ", 8) == 0)
			snprintf(words, sizeof(words), "at most %u%s", row->max,
			         strrchr(row->bounds, ' '));
		else
			snprintf(words, sizeof(words), "%u to %u", row->min, row->max);
		assert_memory_equal(row->bounds, words, strlen(words));
	}
}

static void test_shipped_files_load(void **state)
{
	static const char *const paths[] = { "conf/shunt.conf", "conf/examples/web.conf",
		                             "conf/examples/database.conf" };
	char error[CONFIG_ERROR_MAX] = "";

	(void)state;
	assert_int_equal(fchdir(root_fd), 0);
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct config *config = config_load(paths[i], error);

		if (!config)
			fail_msg("%s", error);
		assert_int_equal(config->record_count > 0, i > 0);
		config_free(config);
	}
	assert_int_equal(chdir(folder), 0);
}

/* The settings of `text` that are only examples are uncommented: "#setting" with no blank, as against "# remark". */
static void test_shipped_example(void **state)
{
	char *text = read_text("conf/shunt.conf");
	struct config *config;

	(void)state;
	for (char *p = text; (p = strstr(p, "\n")) != NULL; p++) {
		char *mark = p + 1 + strspn(p + 1, " \t");

		if (mark[0] == '#' && mark[1] != ' ' && mark[1] != '\n')
			*mark = ' ';
	}
	config = load(text);
	assert_true(config->record_count > 0);
	assert_string_equal(config->socket, "/run/shunt/shunt.sock");
	config_free(config);
	free(text);
}

/* Whether `words` stand in `text` as a setting does, not behind another name. */
static bool has_setting(const char *text, const char *words)
{
	for (const char *at = text; (at = strstr(at, words)) != NULL; at++) {
		if (at > text && strchr(" \t\n", at[-1]))
			return true;
	}
	return false;
}

/* "name = default;", or, where that says nothing, "name =" or "name:". */
static void test_shipped_options(void **state)
{
	char *text = read_text("conf/shunt.conf"), words[256];

	(void)state;
	for (const struct config_option *row = config_options; row->name; row++) {
		bool plain = row->value && !strchr("{(", row->value[0]);

		snprintf(words, sizeof(words), "%s = %s%s", row->name, plain ? row->value : "",
		         plain ? ";" : "");
		if (has_setting(text, words))
			continue;
		snprintf(words, sizeof(words), "%s:", row->name);
		if (plain || !has_setting(text, words))
			fail_msg("conf/shunt.conf does not tell of %s = %s", row->name,
			         row->value ? row->value : "");
	}
	free(text);
}

/* Each literal display that begins with checks is a whole file. */
static void test_manual_examples(void **state)
{
	static const char begin[] = ".Bd -literal -offset indent\nchecks:";
	char *text = read_text("man/shunt.conf.5"), *at = text, *end;
	unsigned count = 0;

	(void)state;
	while ((at = strstr(at, begin)) != NULL) {
		at = strchr(at, '\n');
		end = strstr(at, "\n.Ed");
		assert_non_null(end);
		*end = '\0';
		config_free(load(at));
		at = end + 1;
		count++;
	}
	assert_int_equal(count, 4);
	free(text);
}

/* Each option's entry in the manual is ".It Ic NAME" and a line that is made of its row, in the section of its scope. */
static void test_manual(void **state)
{
	static const struct {
		unsigned scope;
		const char *start;
	} sections[] = {
		{ SCOPE_FILE, "\n.Ss The file\n" },
		{ SCOPE_CHECK, "\n.Ss Checks\n" },
		{ SCOPE_RECORD, "\n.Ss Records\n" },
		{ SCOPE_ENDPOINT, "\n.Ss Endpoints\n" },
		{ SCOPE_NOTIFY, "\n.Ss Programs run for events\n" },
		{ SCOPE_DOOR, "\n.Ss Doors\n" },
		{ SCOPE_FLEET, "\n.Ss Fleets\n" },
	};
	char *text = read_text("man/shunt.conf.5"), words[512];

	(void)state;
	for (const struct config_option *row = config_options; row->name; row++) {
		const char *start = NULL, *end, *found;

		for (size_t i = 0; i < COUNT(sections); i++) {
			if (sections[i].scope == row->scope)
				start = strstr(text, sections[i].start);
		}
		assert_non_null(start);
		end = strstr(start + 1, "\n.S");
		assert_non_null(end);
		snprintf(words, sizeof(words), "\n.It Ic %s\n%c%s%s%s; %s%s.\n", row->name,
		         row->kind[0] >= 'a' && row->kind[0] <= 'z' ? row->kind[0] - 'a' + 'A'
		                                                    : row->kind[0],
		         row->kind + 1, row->bounds ? ", " : "", row->bounds ? row->bounds : "",
		         row->value      ? "default: "
		         : row->required ? "required"
		                         : "no default",
		         row->value ? row->value : "");
		found = strstr(start, words);
		if (!found || found >= end)
			fail_msg("man/shunt.conf.5 lacks, in its section:%s", words);
	}
	free(text);
}

/* --- hints ----------------------------------------------------------------------------------- */

static const struct {
	const char *check, *hint; /* NULL: none */
} hints[] = {
	{ "type = \"http\"; port = 2379; path = \"/health\"; method = \"HEAD\";",
	  "t.conf:3: checks.a.method: hint: etcd answers HEAD with 405, also when it is well; "
	  "remove it, "
	  "so that it is GET" },
	{ "type = \"https\"; port = 2379; path = \"/health?serializable=true\"; method = \"HEAD\";",
	  "t.conf:3: checks.a.method: hint: etcd answers HEAD with 405, also when it is well; "
	  "remove it, "
	  "so that it is GET" },
	{ "type = \"http\"; port = 2379; path = \"/health\";", NULL },
	{ "type = \"http\"; port = 2379; path = \"/healthy\"; method = \"HEAD\";", NULL },
	{ "type = \"http\"; port = 2380; path = \"/health\"; method = \"HEAD\";", NULL },
	{ "type = \"http\"; port = 8008; path = \"/patroni\"; method = \"HEAD\";",
	  "t.conf:3: checks.a.method: hint: Patroni answers this path with 503, also when it is "
	  "well, "
	  "unless it is asked by GET; remove it" },
	{ "type = \"http\"; port = 8008; path = \"/liveness\"; method = \"OPTIONS\";",
	  "t.conf:3: checks.a.method: hint: Patroni answers this path with 503, also when it is "
	  "well, "
	  "unless it is asked by GET; remove it" },
	{ "type = \"http\"; port = 8008; path = \"/primary\"; method = \"HEAD\";", NULL },
	{ "type = \"http\"; port = 8008; path = \"/patroni\";", NULL },
	{ "type = \"http\"; port = 8008; path = \"/primry\";",
	  "t.conf:3: checks.a.path: hint: Patroni answers a path that it does not know with 503, "
	  "also when "
	  "it is well; write one that it knows, as in \"/primary\" or \"/replica\"" },
	{ "type = \"http\"; port = 8008; path = \"/replica?lag=10MB\";", NULL },
	{ "type = \"http\"; port = 8008; path = \"/sync?x\";", NULL },
	{ "type = \"http\"; port = 8008;", NULL },
	{ "type = \"tcp\"; port = 8008;", NULL },
	{ "type = \"http\"; port = 8500; path = \"/v1/status/leader\";",
	  "t.conf:3: checks.a.path: hint: Consul answers 200 without a leader, too, and \"\" as "
	  "the body; "
	  "add expect_body = \":\"" },
	{ "type = \"http\"; port = 8500; path = \"/v1/status/leader\"; expect_body = \":\";",
	  NULL },
	{ "type = \"http\"; port = 9200; path = \"/_cluster/health\";",
	  "t.conf:3: checks.a.path: hint: Elasticsearch answers 200 when the cluster is red, too; "
	  "add "
	  "?wait_for_status=yellow&timeout=1s" },
	{ "type = \"http\"; port = 9200; path = \"/_cluster/health?wait_for_status=yellow\";",
	  NULL },
	{ "type = \"http\"; port = 9200; path = \"/_cluster/health\"; expect_body = \"green\";",
	  NULL },
};

static void test_hints(void **state)
{
	struct config *config;
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(hints); i++) {
		snprintf(text, sizeof(text), "records: ();\nchecks: {\n  a: { %s };\n};\n",
		         hints[i].check);
		config = load(text);
		if (!hints[i].hint != !config->hints[0])
			fail_msg("%s: %s", hints[i].check,
			         config->hints[0] ? config->hints[0] : "no hint");
		if (hints[i].hint)
			assert_string_equal(config->hints[0], hints[i].hint);
		assert_true(!hints[i].hint || !config->hints[1]);
		config_free(config);
	}
}

/* A check of an endpoint's own has one too; there is room for the first ones. */
static void test_many_hints(void **state)
{
	struct config *config;
	size_t count = 0;

	(void)state;
	config = load("records: ( { name = \"a\"; primary: { address = \"192.0.2.1\";\n"
	              "  check: { type = \"http\"; port = 8008; path = \"/x\"; }; }; } );");
	assert_non_null(
	        strstr(config->hints[0], "t.conf:2: records[0].primary.check.path: hint: "));
	config_free(config);
	write_many("t.conf", "records: ();\nchecks: {\n",
	           "c%u: { type = \"http\"; port = 8008; path = \"/x\"; };\n", 100, "};\n");
	config = config_load("t.conf", (char[CONFIG_ERROR_MAX]){ 0 });
	assert_non_null(config);
	while (config->hints[count])
		count++;
	assert_int_equal(count, CONFIG_HINTS_MAX);
	config_free(config);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_files),           cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_hostile_names),   cmocka_unit_test(test_example),
		cmocka_unit_test(test_everything),      cmocka_unit_test(test_request),
		cmocka_unit_test(test_defaults),        cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_includes),        cmocka_unit_test(test_include_depth),
		cmocka_unit_test(test_bounds_of_work),  cmocka_unit_test(test_absolute_include),
		cmocka_unit_test(test_quoted),          cmocka_unit_test(test_keys),
		cmocka_unit_test(test_dependence),      cmocka_unit_test(test_many),
		cmocka_unit_test(test_notify),          cmocka_unit_test(test_types_of_events),
		cmocka_unit_test(test_bounds_in_words), cmocka_unit_test(test_shipped_files_load),
		cmocka_unit_test(test_shipped_example), cmocka_unit_test(test_shipped_options),
		cmocka_unit_test(test_manual),          cmocka_unit_test(test_manual_examples),
		cmocka_unit_test(test_resets),          cmocka_unit_test(test_ports),
		cmocka_unit_test(test_too_many_ports),  cmocka_unit_test(test_hints),
		cmocka_unit_test(test_many_hints),      cmocka_unit_test(test_fleet),
		cmocka_unit_test(test_scope),           cmocka_unit_test(test_no_secrets),
	};
	struct CMUnitTest tests[COUNT(mistakes) + COUNT(others)];

	for (size_t i = 0; i < COUNT(mistakes); i++)
		tests[i] = (struct CMUnitTest){ .name = mistakes[i].error,
			                        .test_func = test_mistake,
			                        .initial_state = (void *)&mistakes[i] };
	memcpy(tests + COUNT(mistakes), others, sizeof(others));
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
