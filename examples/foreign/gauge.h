/*
 * gauge.h: what programs and the driver of a gauge, a made-up instrument that
 * measures temperature and pressure, say to each other; and the frames that the
 * instrument sends over its serial line. One header serves NetBSD and Linux.
 */
#ifndef GAUGE_H
#define GAUGE_H

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <stdint.h>

/* What can be measured. */
enum gauge_channel {
	GAUGE_NONE = 0,
	GAUGE_TEMPERATURE = 1,	/* in 0.001 K */
	GAUGE_PRESSURE = 2,	/* in Pa */
	GAUGE_HUMIDITY = 5	/* in 0.1 % */
};

#define GAUGE_NAME_MAX	12

/* A frame on the serial line: 11 bytes without padding, big-endian. */
struct gauge_frame {
	uint8_t gf_sync;		/* GAUGE_SYNC */
	uint16_t gf_sequence;
	uint32_t gf_value;
	uint32_t gf_check;
} __attribute__((packed));

#define GAUGE_SYNC	0xa5

/* How a channel is measured. */
struct gauge_setup {
	enum gauge_channel gs_channel;
	unsigned int gs_enabled : 1;
	unsigned int gs_filter : 3;	/* 0: none, 7: strongest */
	unsigned int gs_bits : 5;	/* of resolution */
	unsigned int : 7;
	int gs_offset : 16;
	unsigned long gs_interval;	/* in microseconds */
	char gs_name[GAUGE_NAME_MAX];
};

/* What has been measured. */
struct gauge_reading {
	enum gauge_channel gr_channel;
	uint32_t gr_flags;		/* GAUGE_F_* */
	struct timeval gr_time;
	int32_t gr_value;
};

/* Of a reading. NetBSD's driver was first, and Linux's put its flags elsewhere. */
#ifdef __NetBSD__
#define GAUGE_F_VALID	0x0001
#define GAUGE_F_OVER	0x0002
#define GAUGE_F_UNDER	0x0004
#define GAUGE_F_CALIB	0x8000
#else
#define GAUGE_F_VALID	0x0100
#define GAUGE_F_OVER	0x0200
#define GAUGE_F_UNDER	0x0400
#endif

#define GAUGE_IOC_SETUP	_IOW('g', 1, struct gauge_setup)
#define GAUGE_IOC_READ	_IOWR('g', 2, struct gauge_reading)
#define GAUGE_IOC_RESET	_IO('g', 3)

#endif
