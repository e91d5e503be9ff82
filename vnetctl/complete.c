/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complete.c - what may follow, read from the usage lines of the table of nouns (usage.h).
 *
 * The words typed so far walk along the usage line; the token they stop at, and all settings and
 * options not yet given, may come next. Lines of a verb with verbs of its own ("nat forward add
 * ...") are walked one by one, and those whose literals are not what was typed offer nothing.
 */
#include "vnetctl/complete.h"

#include <stdio.h>
#include <string.h>

#include "lib/setting_names.h"
#include "vnetctl/help.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/usage.h"

struct typed {
	struct ctl *c;
	const struct noun *noun;
	int argc; /* the words after the verb */
	char **argv;
};

/* ---- names of things ------------------------------------------------------------------------- */

/* Full names, or those that are enough where one lab has them. */
static void print_list(struct ctl *c, const char *method, bool full)
{
	struct err ignored;
	json_t *list, *obj;
	size_t i;

	if (!c->client)
		c->client = client_open(c->socket, &ignored);
	list = c->client ? client_call(c->client, method, NULL, &ignored) : NULL;
	json_array_foreach (list, i, obj)
		if (json_is_string(json_object_get(obj, "name")))
			puts(full ? jstr(obj, "name") : ctl_name_in_lab(obj));
	json_decref(list);
}

/* Things of the lab that the first word names, or of the only one. */
static void print_of_lab(const struct typed *t, const char *what)
{
	bool named = t->argc && !usage_is_option(t->argv[0]);
	struct lab *lab = lab_running(t->c, named ? t->argv[0] : NULL, NULL);

	for (size_t i = 0; lab && !strcmp(what, "STAGE") && i < lab->n_stages; i++)
		puts(lab->stages[i].id.s);
	for (size_t i = 0; lab && !strcmp(what, "CHECK") && i < lab->n_checks; i++)
		puts(lab->checks[i].id.s);
	for (size_t i = 0; lab && !strcmp(what, "CABLE") && i < lab->n_cables; i++)
		puts(lab->cables[i].name.s);
	for (size_t i = 0; lab && !strncmp(what, "NODE", 4) && i < lab->n_nodes; i++) {
		if (!strcmp(what, "NODE"))
			puts(lab->nodes[i].name.s);
		for (size_t k = 0; what[4] && k < lab->nodes[i].n_nics; k++)
			printf("%s.%s\n", lab->nodes[i].name.s, lab_nic_name(k));
	}
	lab_destroy(lab);
}

/* What one alternative of a token stands for. Files are the shell's to complete. */
static void print_thing(const struct typed *t, const char *word)
{
	bool of_lab = !strcmp(t->noun->name, "lab"), of_vm = !strcmp(t->noun->name, "vm");

	if (!strcmp(word, "NET"))
		print_list(t->c, "net.list", true);
	else if (!strcmp(word, "PORT"))
		print_list(t->c, "port.list", true);
	else if (!strcmp(word, "GUEST") || (of_vm && !strcmp(word, "NAME")))
		print_list(t->c, "vm.list", true);
	else if (!of_lab && !strcmp(word, "NODE")) {
		print_list(t->c, "vm.list", false);
		print_list(t->c, "ns.list", false);
	} else if (of_lab && !strcmp(word, "NAME"))
		print_list(t->c, "lab.list", true);
	else if (of_lab &&
		 (!strcmp(word, "NODE") || !strcmp(word, "NODE.ethN") || !strcmp(word, "CABLE") ||
		  !strcmp(word, "STAGE") || !strcmp(word, "CHECK")))
		print_of_lab(t, word);
}

/* "on|off", "NAME|FILE", "NODE...": each alternative. Of "src MAC|ADDRESS" the first word. */
static void print_token(const struct typed *t, const char *token)
{
	bool group = strchr(token, ' ') != NULL;
	char word[USAGE_TOKEN_MAX];

	for (size_t len; *token; token += len + (token[len] == '|')) {
		len = strcspn(token, "| ");
		snprintf(word, sizeof(word), "%.*s", (int)len, token);
		if (len > 3 && !strcmp(word + len - 3, "..."))
			word[len - 3] = 0;
		if (usage_is_literal(word) && !strchr(word, '.'))
			puts(word);
		else
			print_thing(t, word);
		if (group)
			return;
	}
}

/* ---- settings and options -------------------------------------------------------------------- */

static bool was_typed(const struct typed *t, const char *word, size_t len)
{
	for (int i = 0; i < t->argc; i++)
		if (!strncmp(t->argv[i], word, len) && strchr("=", t->argv[i][len]))
			return true;
	return false;
}

/* "mode=nat|bridge": each choice; "nic=IFNAME|auto", "mtu=1500": what is fixed of it. */
static void print_setting(const struct typed *t, const char *token)
{
	size_t key = strcspn(token, "=");
	const char *value = token + key + 1;

	if (was_typed(t, token, key))
		return;
	if (*value < 'a' || *value > 'z' || !strchr(value, '|')) {
		printf("%.*s=\n", (int)key, token);
		return;
	}
	for (size_t len; *value; value += len + (value[len] == '|')) {
		len = strcspn(value, "| ");
		if (*value >= 'a' && *value <= 'z')
			printf("%.*s=%.*s\n", (int)key, token, (int)len, value);
		if (value[len] == ' ')
			return;
	}
}

/* Each setting of a group such as "netns=NAME ifname=eth0 | tap=IFNAME". */
static void print_settings_in(const struct typed *t, const char *token)
{
	char word[USAGE_TOKEN_MAX];

	for (size_t len; *token; token += len + strspn(token + len, " |")) {
		len = strcspn(token, " ");
		snprintf(word, sizeof(word), "%.*s", (int)len, token);
		if (usage_is_setting(word))
			print_setting(t, word);
	}
}

static bool has_setting(const struct usage *u, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < u->n; i++)
		if (!strncmp(u->tokens[i], name, len) && u->tokens[i][len] == '=')
			return true;
	return false;
}

/* KEY=VALUE: the settings that all of this noun's things have. */
static void print_all_settings(const struct typed *t, const struct usage *u)
{
	const char *const *names = !strcmp(t->noun->name, "net")    ? net_setting_names
				   : !strcmp(t->noun->name, "port") ? port_setting_names
								    : NULL;

	for (; names && *names; names++)
		if (!was_typed(t, *names, strlen(*names)) && !has_setting(u, *names))
			printf("%s=\n", *names);
}

static void print_free(const struct typed *t, const struct usage *u)
{
	for (size_t i = 0; i < u->n; i++) {
		const char *token = u->tokens[i];

		if (usage_is_option(token) && strcmp(token, "--") != 0) {
			size_t len = strcspn(token, " ");

			if (!was_typed(t, token, len))
				printf("%.*s\n", (int)len, token);
		} else if (!strncmp(token, "KEY=VALUE", 9)) {
			print_all_settings(t, u);
		} else if (usage_is_setting(token)) {
			print_settings_in(t, token);
		}
	}
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void walk(const struct typed *t, const struct usage *u)
{
	const char *value = NULL;
	size_t at = 0;

	for (int i = 0; i < t->argc; i++) {
		const char *word = t->argv[i];

		value = NULL;
		if (!strcmp(word, "--"))
			return; /* a command of its own */
		if (usage_option(u, word, &value)) {
			if (!value || i + 1 == t->argc)
				continue;
			i++;
			value = NULL;
		} else if (!strchr(word, '=')) {
			at = usage_positional(u, at, word);
			if (at == u->n)
				return;
			at += !usage_repeats(u->tokens[at]);
		}
	}
	if (value) {
		print_token(t, value);
		return;
	}
	at = usage_positional(u, at, NULL);
	if (at < u->n)
		print_token(t, u->tokens[at]);
	print_free(t, u);
}

static void complete_verb(const struct typed *t, const char *args)
{
	struct usage u;
	size_t len;

	for (const char *line = args, *next; line; line = next) {
		next = usage_next(line, &len);
		usage_read(&u, line, len);
		walk(t, &u);
	}
}

static void print_nouns(void)
{
	for (size_t i = 0; nouns[i]; i++)
		puts(nouns[i]->name);
}

static void print_verbs(const struct noun *noun)
{
	for (const struct verb *v = noun->verbs; v->name; v++)
		puts(v->name);
}

/* What stands before the noun. Returns how many words that is; -1 when its value is still to come.
 */
static int global_options(struct ctl *c, int argc, char **argv)
{
	int i = 0;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-s") != 0 && strcmp(argv[i], "--socket") != 0)
			continue;
		if (++i == argc)
			return -1;
		c->socket = argv[i];
	}
	return i;
}

int complete_run(struct ctl *c, int argc, char **argv)
{
	int skip = argc && !strcmp(argv[0], "--");
	int before = global_options(c, argc - skip, argv + skip);
	struct typed t = {.c = c};
	const struct verb *verb;

	if (before < 0)
		return CTL_OK;
	argc -= skip + before;
	argv += skip + before;
	if (!argc || (argc == 1 && !strcmp(argv[0], "help")))
		print_nouns();
	if (!argc) {
		puts("help\n--socket\n--json\n--color=always\n--color=never\n--help\n--version");
		return CTL_OK;
	}
	t.noun = noun_find(argv[!strcmp(argv[0], "help") && argc > 1]);
	if (!t.noun)
		return CTL_OK;
	if (!strcmp(argv[0], "help") || (argc == 1 && !noun_is_command(t.noun))) {
		if (!noun_is_command(t.noun) && argc <= 2)
			print_verbs(t.noun);
		return CTL_OK;
	}
	verb = noun_is_command(t.noun) ? t.noun->verbs : verb_find(t.noun, argv[1]);
	t.argc = argc - 1 - !noun_is_command(t.noun);
	t.argv = argv + argc - t.argc;
	if (verb)
		complete_verb(&t, verb->args);
	return CTL_OK;
}
