/* The very VICI messages that charon would be sent, written in swanctl's syntax. */
#include "ike/render_swanctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ike/ike_messages.h"
#include "ike/ike_resolve.h"

struct printer {
	const struct ike_config *i;
	const struct config *c;
	bool with_secrets;
	FILE *out;
};

static void indent(const struct printer *p, unsigned depth)
{
	fprintf(p->out, "%*s", (int)depth * 3, "");
}

/* A section's name: dots and what has a meaning of its own there are not allowed. */
static void print_name(const struct printer *p, const char *name)
{
	for (; *name; name++)
		fputc(isalnum((unsigned char)*name) || strchr("-_", *name) ? *name : '_', p->out);
}

static bool is_plain(const char *value)
{
	return *value && value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:%*[]@")] == 0;
}

static void print_value(const struct printer *p, const char *value)
{
	if (is_plain(value)) {
		fputs(value, p->out);
		return;
	}
	fputc('"', p->out);
	for (; *value; value++)
		fprintf(p->out, "%s%c", strchr("\"\\", *value) ? "\\" : "", *value);
	fputc('"', p->out);
}

static void print_list(const struct printer *p, const struct vici_node *n)
{
	for (const struct vici_node *item = n->first; item; item = item->next) {
		print_value(p, item->value);
		fputs(item->next ? ", " : "", p->out);
	}
}

static void print_node(const struct printer *p, const struct vici_node *n, unsigned depth)
{
	indent(p, depth);
	print_name(p, n->name);
	if (n->kind == VICI_SECTION) {
		fputs(" {\n", p->out);
		for (const struct vici_node *child = n->first; child; child = child->next)
			print_node(p, child, depth + 1);
		indent(p, depth);
		fputs("}\n", p->out);
		return;
	}
	fputs(" = ", p->out);
	if (n->kind == VICI_LIST)
		print_list(p, n);
	else
		print_value(p, n->value);
	fputc('\n', p->out);
}

static int print_message(const struct printer *p, struct vici_writer *w, void (*print)(const struct printer *, const struct vici_node *))
{
	struct vici_message *m = w->bad ? NULL : vici_message_parse(w->bytes, w->length);

	if (m)
		print(p, m->root);
	vici_message_free(m);
	vici_writer_done(w);
	return m ? 0 : -ENOMEM;
}

/* ---- connections ---- */

static void print_connection(const struct printer *p, const struct vici_node *root)
{
	print_node(p, root->first, 1);
}

static struct ipaddr local_of(const struct ike_protection *q)
{
	const struct ipaddr any = q->transport == IP_V6 ? ipaddr_from_bytes(IP_V6, (const uint8_t[16]){ 0 }) : ipaddr_v4(0);

	return ipaddr_is_none(&q->source) ? any : q->source;
}

static int render_connection(const struct printer *p, const struct ike_protection *q, const struct ipaddr *remote)
{
	const struct ipaddr local = local_of(q);
	char name[IKE_CONNECTION_NAME_MAX];
	struct vici_writer w = { 0 };

	if (ipaddr_is_none(&q->source) && ipaddr_is_none(remote))
		fprintf(p->out, "   # %s has its address at run time: it stands here as %s\n", q->source_interface,
			q->transport == IP_V6 ? "::" : "0.0.0.0");
	ike_load_connection(&w, p->i, q, &local, remote, 0, name);
	return print_message(p, &w, print_connection);
}

/* The far ends that the file itself names, each once. */
struct far_ends { struct ipaddr *list; size_t count; };

static void add_far_end(struct far_ends *f, const struct ipaddr *addr)
{
	struct ipaddr *list;

	if (ipaddr_is_none(addr))
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (ipaddr_eq(&f->list[i], addr))
			return;
	}
	list = reallocarray(f->list, f->count + 1, sizeof *list);
	if (!list)
		return;
	f->list = list;
	f->list[f->count++] = *addr;
}

static void add_nhrp(struct far_ends *f, const struct config_nhrp *n)
{
	for (size_t i = 0; i < n->map_count; i++)
		add_far_end(f, &n->maps[i].nbma.addr);
	for (size_t i = 0; i < n->nhs_count; i++)
		add_far_end(f, &n->nhs[i].nbma.addr);
}

static int render_protection(const struct printer *p, const struct ike_protection *q)
{
	struct far_ends f = { 0 };
	int error = render_connection(p, q, &IPADDR_NONE);

	for (size_t i = 0; i < p->c->interface_count; i++) {
		const struct config_interface *tunnel = &p->c->interfaces[i];

		if (!tunnel->tunnel || tunnel->shutdown || ike_config_protection(p->i, p->c, tunnel) != q)
			continue;
		add_far_end(&f, &tunnel->tunnel->destination.addr);
		add_nhrp(&f, &tunnel->tunnel->nhrp4);
		add_nhrp(&f, &tunnel->tunnel->nhrp6);
	}
	for (size_t i = 0; !error && !q->responder_only && i < f.count; i++)
		error = render_connection(p, q, &f.list[i]);
	free(f.list);
	return error;
}

/* ---- secrets ---- */

static void print_secret(const struct printer *p, const struct vici_node *root)
{
	const struct vici_node *owners = vici_find(root, "owners"), *data = vici_find(root, "data");
	unsigned number = 0;

	indent(p, 1);
	fputs("ike-", p->out);
	print_name(p, vici_text(root, "id"));
	fputs(" {\n", p->out);
	for (const struct vici_node *owner = owners->first; owner; owner = owner->next) {
		indent(p, 2);
		fprintf(p->out, "id-%u = ", ++number);
		print_value(p, owner->value);
		fputc('\n', p->out);
	}
	indent(p, 2);
	if (p->with_secrets) {
		fputs("secret = 0x", p->out);
		for (size_t k = 0; k < data->length; k++)
			fprintf(p->out, "%02x", (unsigned char)data->value[k]);
		fputc('\n', p->out);
	} else {
		fputs("# secret = (left out; --secrets shows it)\n", p->out);
	}
	indent(p, 1);
	fputs("}\n", p->out);
}

static int render_secrets(const struct printer *p)
{
	int error = 0;

	for (size_t k = 0; !error && k < p->i->secret_count; k++) {
		const struct ike_secret *s = &p->i->secrets[k];
		const struct ipaddr local = local_of(ike_config_by_number(p->i, s->protection));
		struct vici_writer w = { 0 };

		ike_load_shared(&w, p->i, s, &local);
		error = print_message(p, &w, print_secret);
	}
	return error;
}

static void render_key_remarks(const struct printer *p)
{
	for (size_t k = 0; k < p->i->protection_count; k++) {
		const char *file = ike_key_file(p->i, &p->i->protections[k]);

		if (file)
			fprintf(p->out, "# private key of %s: %s (swanctl reads it from /etc/swanctl/private)\n",
				p->i->protections[k].profile, file);
	}
}

int ike_render_swanctl(const struct ike_config *i, const struct config *c, bool with_secrets, FILE *out)
{
	const struct printer p = { i, c, with_secrets, out };
	int error = 0;

	fputs("connections {\n", out);
	for (size_t k = 0; !error && k < i->protection_count; k++)
		error = render_protection(&p, &i->protections[k]);
	fputs("}\nsecrets {\n", out);
	if (!error)
		error = render_secrets(&p);
	fputs("}\n", out);
	render_key_remarks(&p);
	return error ? error : ferror(out) ? -EIO : 0;
}
