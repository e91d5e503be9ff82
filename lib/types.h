/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * types.h - the few basic types and helpers that every file uses.
 *
 * be16 and be32 hold a value in wire (big endian) order; only ntohs/ntohl/htons/htonl move
 * between them and host order. Under sparse (`make lint`) mixing them up is an error.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __CHECKER__
#define WIRE_ORDER __attribute__((bitwise))
#else
#define WIRE_ORDER
#endif

typedef uint16_t WIRE_ORDER be16;
typedef uint32_t WIRE_ORDER be32;

#define ARRAY_SIZE(a)	      (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	      ((a) < (b) ? (a) : (b))
#define MAX(a, b)	      ((a) > (b) ? (a) : (b))
#define CONTAINER_OF(p, t, m) ((t *)(void *)((char *)(p)-offsetof(t, m)))

/* Wire structures have no padding and no alignment of their own. */
#define WIRE_PACKED	   __attribute__((packed))
#define CHECK_PRINTF(f, a) __attribute__((format(printf, f, a)))

#endif
