#include "drive.h"

int main(void)
{
	return drive("client_async");
}
