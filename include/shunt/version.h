/* The version of everything that is built here. */
#ifndef SHUNT_VERSION_H
#define SHUNT_VERSION_H

#define SHUNT_VERSION "0.1.0"

#endif
