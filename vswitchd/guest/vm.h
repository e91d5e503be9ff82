/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.h - a guest: one process of a hypervisor, its taps, its three sockets.
 */
#ifndef VSWITCHD_VM_H
#define VSWITCHD_VM_H

#include <ev.h>
#include <jansson.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "vswitchd/guest/hv.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/guest/vmsock.h"

struct agent;
struct console;
struct daemon;
struct hvctl;
struct rpc;
struct rpc_later;

enum {
	VM_NICS_MAX = 8,
	VM_CPUS_MAX = 8,
	VM_MEMORY_MIN = 32,
	VM_MEMORY_DEFAULT = 256,
	VM_MEMORY_MAX = 1 << 20,
	VM_APPEND_MAX = 1536,
};

enum vm_state {
	VM_STARTING, /* its process is being started */
	VM_BOOTING,  /* the process runs; the agent has not spoken yet */
	VM_RUNNING,
	VM_PAUSED,
	VM_STOPPING,
	VM_STOPPED, /* the guest powered itself off */
	VM_FAILED,
};

struct vm_nic {
	char port[PORT_NAME_MAX + 1];
	char net[NAME_MAX_ + 1];
	char ifname[16]; /* of its tap */
	struct mac mac;
};

struct vm {
	struct vm *next;
	struct daemon *d;
	char name[NAME_MAX_ + 1], lab[NAME_MAX_ + 1], hostname[NAME_MAX_ + 1];
	enum vm_state state;
	char reason[512];
	char note[400]; /* why auto fell back; "" */
	const struct hv_ops *hv;
	unsigned int memory_mib, cpus;
	/* "": none. Without a kernel the guest boots from its first NIC. */
	char kernel[PATH_MAX], initrd[PATH_MAX], disk[PATH_MAX];
	char image[PATH_MAX];	    /* the root file system, a disk of its own; "": none */
	bool qcow2;		    /* the disk's format, else raw */
	char append[VM_APPEND_MAX]; /* the whole command line */
	struct vm_nic nics[VM_NICS_MAX];
	unsigned int n_nics;
	unsigned int slot; /* tells guests' user ids apart */

	pid_t pid;
	int pidfd; /* -1: no process */
	uint64_t start_ticks;
	struct ev_io exited;
	bool child; /* ours to wait for; not after adoption */
	int dir_fd; /* STATE/vm/NAME; -1 */
	msec started_ms;
	int64_t boot_ms; /* -1: not booted yet */

	struct hvctl *ctl;
	struct agent *agent;
	struct console *console;
	unsigned int rows, cols; /* the console's window, if somebody told; else 0 */

	struct rpc_later *run_waits;  /* vm.run: until the hypervisor is there */
	struct rpc_later *stop_waits; /* vm.stop: until it is off */
	struct rpc_later *kill_waits; /* vm.kill: the same */
	struct ev_timer timer;	      /* of either */
};

/* What the process inherits. -1: not there. */
struct vm_fds {
	int console, agent, ctl; /* listening sockets */
	int kernel, initrd, disk, image;
	int kvm; /* /dev/kvm: the guest's own user may not open it */
	int taps[VM_NICS_MAX];
};

/* ---- vm.c: the list and the life of a guest ---- */

unsigned int vm_count(const struct daemon *d);
struct vm *vm_find(struct daemon *d, const char *name);
/* A guest with nothing but a name, on the list. NULL when memory is short. */
struct vm *vm_new(struct daemon *d, const char *name);
/* Take it off the list with all it has; its process, if any, is killed. */
void vm_free(struct vm *vm);
void vm_set_state(struct vm *vm, enum vm_state state);
/* The process runs (spawned or adopted): watch it, connect to its sockets. */
int vm_attach(struct vm *vm, struct err *err);
/* The hypervisor answered on its control socket. */
void vm_hv_ready(struct vm *vm);
/* The agent spoke for the first time since the guest's boot. */
void vm_agent_ready(struct vm *vm);
/* The guest resets its machine: it boots again. */
void vm_rebooted(struct vm *vm);
bool vm_alive(const struct vm *vm);
/* Its process runs and its agent has yet to speak. */
bool vm_boots(const struct vm *vm);
/* Write its record to the state store. 0, or a negative errno. */
int vm_record(const struct vm *vm, struct err *err);
/* From its record @doc (borrowed): adopted, or listed as failed. 0, or a negative errno. */
int vm_restore(struct daemon *d, const char *name, const json_t *doc, struct err *err);

/* Ask it to power off; kill it after @grace_ms. */
void vm_stop(struct vm *vm, unsigned int grace_ms);
void vm_kill(struct vm *vm);
/* Stop all; the loop is broken when the last one is off. */
void vm_stop_all(struct daemon *d, unsigned int grace_ms);
/* At the end of the daemon: kill what still runs and free all. */
void vm_free_all(struct daemon *d);

/* What the port of @nic is made of; borrows from both. */
struct port_conf vm_nic_port_conf(const struct vm *vm, const struct vm_nic *nic);
/* A port of a guest was set up or down, or moved to another network. */
void vm_port_admin(struct daemon *d, const struct port *port, bool up);
void vm_port_moved(struct daemon *d, const struct port *port);

/* ---- vm_json.c ---- */

/* A constant. */
const char *vm_state_word(enum vm_state state);
/* What vm.show gives, and the record that a restart of the daemon reads. New references. */
json_t *vm_json(const struct vm *vm);
json_t *vm_doc(const struct vm *vm);
/* Fill @vm by its record. -EINVAL: it names no hypervisor of ours. */
int vm_from_doc(struct vm *vm, const json_t *doc);

/* ---- vm_run.c: vm.run ---- */

/* Check everything, make taps and ports, start the process. On failure nothing is left. */
int vm_run(struct rpc *rpc, struct vm **out, struct err *err);

/* Memory that the host can give away without swapping; 0 when it does not tell. */
uint64_t vm_memory_available_mib(void);

/* ---- vm_spawn.c ---- */

/* Make the sockets, record the guest and start its process with @fds (whose listening sockets are
 * filled in and closed here). On failure no process is left; vm_free() forgets the record. */
int vm_spawn(struct vm *vm, struct vm_fds *fds, struct err *err);

/* ---- agent.c ---- */

/* Connects, now or as soon as the socket is there. NULL when memory is short. The same of the
 * console and the control socket. */
struct agent *agent_open(struct vm *vm);
void agent_close(struct agent *a);

struct agent_command {
	const char *text;
	unsigned int timeout_ms; /* from its start */
	bool patient;	/* a guest that was slow to boot is given longer; agent_patience_ms() */
	uint8_t *input; /* its standard input, from malloc; NULL: it has none */
	size_t input_len;
};

/* Run @command in the guest, once it is up; the reply to @later (taken) follows. Its input is
 * taken, also on failure. */
int agent_exec(struct agent *a, const struct agent_command *command, struct rpc_later *later,
	       struct err *err);
/* The same without anybody waiting. */
int agent_send(struct agent *a, const char *command, struct err *err);
/* The console's window is so large: programs there are told. */
void agent_window(struct agent *a, unsigned int rows, unsigned int cols);
/* The guest boots anew: what ran in it is gone. */
void agent_reset(struct agent *a);

/* ---- console.c ---- */

struct console *console_open(struct vm *vm);
void console_close(struct console *c);
/* The guest has ended: only the log stays. NULL is accepted. */
void console_end(struct console *c);
/* A descriptor for one more reader, who may type too unless it is to @watch; it gets what there was
 * first. */
int console_attach(struct console *c, bool watch, struct err *err);
/* How many there are. */
unsigned int console_readers(const struct console *c);
/* The last 64 KiB. New reference; NULL when memory is short. */
json_t *console_log(const struct console *c);

/* ---- hvctl.c: the control socket of a hypervisor, one JSON object a line ---- */

struct hvctl *hvctl_open(struct vm *vm);
void hvctl_close(struct hvctl *c);
/* Takes @msg. */
void hvctl_send(struct hvctl *c, json_t *msg);

#endif
