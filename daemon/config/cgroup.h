/* The path of a cgroup as a configuration has it. Pure; a helper reads it with more suspicion. */
#ifndef SHUNT_CONFIG_CGROUP_H
#define SHUNT_CONFIG_CGROUP_H

/* What is wrong with it, with the cure; NULL if nothing is. */
const char *config_cgroup_fault(const char *path);

#endif
