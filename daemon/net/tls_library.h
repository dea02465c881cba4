/*
 * OpenSSL, started when something first needs it: with all that it loads it takes 2 MB, which a
 * daemon without TLS and secrets does without.
 *
 * Called before OpenSSL is: where the configuration is read, for checks with TLS, certificates and
 * secrets; and by transfer, for libcurl.
 */
#ifndef SHUNT_NET_TLS_LIBRARY_H
#define SHUNT_NET_TLS_LIBRARY_H

/* May be called repeatedly. Ends in log_fatal() if memory runs out: OpenSSL would crash later. */
void tls_library_start(void);

#endif
