/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_parse.c - requests taken apart and checked, without a socket in sight.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/base64.h"
#include "vswitchd/control/rpc.h"

int rpc_parse(const char *line, size_t len, json_t **req, struct err *err)
{
	json_error_t je;
	json_t *id, *params;
	const char *version;

	*req = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!*req) {
		err_set(err, -EBADMSG, "not JSON: %s at byte %d", je.text, je.position);
		return RPC_PARSE_ERROR;
	}
	if (!json_is_object(*req)) {
		err_set(err, -EINVAL, "a request is one JSON object (batches are not served)");
		return RPC_INVALID_REQUEST;
	}
	version = json_string_value(json_object_get(*req, "jsonrpc"));
	if (!version || strcmp(version, "2.0")) {
		err_set(err, -EINVAL, "\"jsonrpc\" must be \"2.0\"");
		return RPC_INVALID_REQUEST;
	}
	if (!json_is_string(json_object_get(*req, "method"))) {
		err_set(err, -EINVAL, "\"method\" must be a string");
		return RPC_INVALID_REQUEST;
	}
	id = json_object_get(*req, "id");
	if (id && !json_is_string(id) && !json_is_integer(id) && !json_is_null(id)) {
		err_set(err, -EINVAL, "\"id\" must be an integer or a string");
		return RPC_INVALID_REQUEST;
	}
	params = json_object_get(*req, "params");
	if (params && !json_is_object(params)) {
		err_set(err, -EINVAL, "\"params\" must be an object");
		return RPC_INVALID_PARAMS;
	}
	return 0;
}

struct param {
	char name[32];
	char type; /* 's', 'i', 'a', 'o', 'b' */
	bool required;
};

/* Read the next word of @spec; NULL at its end. */
static const char *param_next(const char *spec, struct param *p)
{
	size_t n = strspn(spec, " "), len;

	spec += n;
	len = strcspn(spec, " ");
	if (!len || len >= sizeof(p->name))
		return NULL;
	memcpy(p->name, spec, len);
	p->name[len] = '\0';
	p->required = p->name[len - 1] == '!';
	if (p->required)
		p->name[len - 1] = '\0';
	char *colon = strchr(p->name, ':');
	p->type = colon ? colon[1] : 's';
	if (colon)
		*colon = '\0';
	return spec + len;
}

static const char *type_word(char type)
{
	return type == 'i'   ? "an integer"
	       : type == 'a' ? "an array"
	       : type == 'o' ? "an object"
	       : type == 'b' ? "true or false"
			     : "a string";
}

static bool type_fits(char type, const json_t *v)
{
	return type == 'i'   ? json_is_integer(v)
	       : type == 'a' ? json_is_array(v)
	       : type == 'o' ? json_is_object(v)
	       : type == 'b' ? json_is_boolean(v)
			     : json_is_string(v);
}

static int unknown_param(const char *spec, const char *key, struct err *err)
{
	char known[512] = "", shown[64];
	size_t used = 0;
	struct param p;

	while ((spec = param_next(spec, &p)) && used < sizeof(known))
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 used ? ", " : "", p.name);
	str_escape(key, strlen(key), shown, sizeof(shown));
	if (!known[0])
		err_set(err, -EINVAL, "unknown parameter \"%s\": this method takes none", shown);
	else
		err_set(err, -EINVAL, "unknown parameter \"%s\": this method takes %s", shown,
			known);
	return RPC_INVALID_PARAMS;
}

static bool param_known(const char *spec, const char *key)
{
	struct param p;

	while ((spec = param_next(spec, &p)))
		if (!strcmp(p.name, "*") || !strcmp(p.name, key))
			return true;
	return false;
}

int rpc_check_params(const char *spec, const json_t *params, struct err *err)
{
	const char *key, *rest = spec;
	json_t *v;
	struct param p;

	json_object_foreach ((json_t *)params, key, v)
		if (!param_known(spec, key))
			return unknown_param(spec, key, err);
	while ((rest = param_next(rest, &p))) {
		v = json_object_get(params, p.name);
		if (json_is_null(v))
			v = NULL; /* "x":null is the same as no x */
		if (!v && p.required) {
			err_set(err, -EINVAL, "parameter \"%s\" is missing", p.name);
			return RPC_INVALID_PARAMS;
		}
		if (v && strcmp(p.name, "*") && !type_fits(p.type, v)) {
			err_set(err, -EINVAL, "parameter \"%s\" must be %s", p.name,
				type_word(p.type));
			return RPC_INVALID_PARAMS;
		}
	}
	return 0;
}

const char *rpc_str(const struct rpc *rpc, const char *key)
{
	return json_string_value(json_object_get(rpc->params, key));
}

int rpc_int(const struct rpc *rpc, const char *key, int64_t min, int64_t max, int64_t fallback,
	    int64_t *out, struct err *err)
{
	const json_t *v = json_object_get(rpc->params, key);

	*out = json_is_integer(v) ? json_integer_value(v) : fallback;
	if (json_is_integer(v) && (*out < min || *out > max))
		return err_set(err, -ERANGE, "parameter \"%s\" must be %lld to %lld", key,
			       (long long)min, (long long)max);
	return 0;
}

int rpc_exec_timeout(const struct rpc *rpc, unsigned int *out_ms, struct err *err)
{
	int64_t timeout_s;
	int rc = rpc_int(rpc, "timeout_s", 1, RPC_TIMEOUT_MAX_S, 30, &timeout_s, err);

	*out_ms = (unsigned int)timeout_s * 1000;
	return rc;
}

int rpc_exec_input(const struct rpc *rpc, uint8_t **out, size_t *len, struct err *err)
{
	const char *text = rpc_str(rpc, "input");
	size_t size = text ? strlen(text) / 4 * 3 + 3 : 0;

	*out = text ? malloc(size) : NULL;
	*len = 0;
	if (!text)
		return 0;
	if (!*out)
		return err_set(err, -ENOMEM, "memory is short");
	*len = base64_decode(text, *out, size);
	return 0;
}

int rpc_name(const struct rpc *rpc, const char *key, const char **out, struct err *err)
{
	const char *s = rpc_str(rpc, key);
	char shown[80];

	if (!s || !name_valid(s))
		return err_set(err, -EINVAL,
			       "\"%s\" is not a name: letters, digits, '_', '.' and '-', starting "
			       "with a letter or digit, at most %d bytes",
			       str_escape(s ? s : "", s ? strlen(s) : 0, shown, sizeof(shown)),
			       NAME_MAX_);
	*out = s;
	return 0;
}
