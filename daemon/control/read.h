/* The handlers of the routes that read, except GET /v1/events (events.h). */
#ifndef SHUNT_CONTROL_READ_H
#define SHUNT_CONTROL_READ_H

#include <microhttpd.h>

struct request;

enum MHD_Result read_page(struct request *request);
enum MHD_Result read_status(struct request *request);
enum MHD_Result read_record(struct request *request);
enum MHD_Result read_resets(struct request *request);
enum MHD_Result read_fleet(struct request *request);
enum MHD_Result read_metrics(struct request *request);

#endif
