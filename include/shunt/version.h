/* The version of all programs and libraries built here. */
#ifndef SHUNT_VERSION_H
#define SHUNT_VERSION_H

#define SHUNT_VERSION "1.0.0"

#endif
