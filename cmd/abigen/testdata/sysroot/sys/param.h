#define __NetBSD_Version__ 1001000000
