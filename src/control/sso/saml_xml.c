#include "control/sso/saml_xml.h"
#include "base/utf8.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/xmlsec.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool ready;

static xmlParserInputPtr load_nothing(const char *url, const char *id, xmlParserCtxtPtr ctxt)
{
	(void)url, (void)id, (void)ctxt;
	return NULL;
}

static void start(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(load_nothing);
	ready = xmlSecInit() == 0 && xmlSecCheckVersion() == 1 && xmlSecCryptoAppInit(NULL) == 0 &&
		xmlSecCryptoInit() == 0;
	xmlSecErrorsSetCallback(NULL); /* what went wrong is told by faults, not on standard error */
	xmlSecIOCleanupCallbacks();    /* a reference leads to no file and to no server */
}

enum rc saml_xml_start(struct fault *f)
{
	pthread_once(&once, start);
	return ready ? RC_OK : fault_set(f, RC_INTERNAL, "xmlsec cannot be initialised");
}

/* --- the bytes */

static bool is_utf8(const uint8_t *p, size_t n)
{
	for (size_t i = 0, step; i < n; i += step) {
		step = utf8_len(p + i, n - i);
		if (step == 0 || p[i] == 0)
			return false;
	}
	return true;
}

/* The XML declaration may name another encoding only in vain: the bytes are UTF-8. */
static bool declares_utf8(const char *p, size_t n)
{
	const char *end = memmem(p, n, "?>", 2);
	if (!end || end - p > 128)
		return false;
	const char *e = memmem(p, (size_t)(end - p), "encoding", 8);
	if (!e)
		return true;
	e += 8;
	e += strspn(e, " \t\r\n=\"'");
	return !strncasecmp(e, "utf-8", 5) && (e[5] == '"' || e[5] == '\'');
}

static enum rc check_bytes(const char *p, size_t n, enum saml_xml_kind kind, struct fault *f)
{
	if (!is_utf8((const uint8_t *)p, n))
		return fault_set(f, RC_INVALID, "the document is not UTF-8");
	if (n >= 5 && !memcmp(p, "<?xml", 5) && !declares_utf8(p, n))
		return fault_set(f, RC_INVALID, "the document declares another encoding than UTF-8");
	/* In well-formed XML a '<' that is no markup is written &lt;, so these bytes tell. */
	for (const char *at = p, *end = p + n; (at = memchr(at, '<', (size_t)(end - at))) != NULL; at++) {
		size_t left = (size_t)(end - at);
		if (left < 2)
			break;
		if (at[1] == '!' && !(kind == SAML_XML_METADATA && left >= 4 && !memcmp(at, "<!--", 4)))
			return fault_set(f, RC_INVALID,
				"the document has a document type, a comment or a CDATA section, which are not "
				"read");
		if (at[1] == '?' && at != p && kind == SAML_XML_MESSAGE)
			return fault_set(f, RC_INVALID, "the document has a processing instruction");
	}
	return RC_OK;
}

/* --- the tree */

struct walk {
	enum saml_xml_kind kind;
	size_t elements, namespaces, ids_n;
	const char *ids[SAML_XML_IDS];
	struct fault *f;
};

static const char *attr_text(const xmlAttr *a)
{
	const xmlNode *t = a->children;
	if (!t)
		return "";
	return t->type == XML_TEXT_NODE && !t->next && t->content ? (const char *)t->content : NULL;
}

static bool is_id(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > SAML_XML_ID_MAX)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s >= 128 || (!isalnum((unsigned char)*s) && !strchr("_-.", *s)))
			return false;
	return true;
}

/* What any library might take for an ID is one, so none can be given twice under another spelling. */
static enum rc see_attr(struct walk *w, const xmlAttr *a)
{
	const char *v = attr_text(a);

	if (!v)
		return fault_set(w->f, RC_INVALID, "an attribute of the document holds more than text");
	if (strcasecmp((const char *)a->name, "ID") != 0)
		return RC_OK;
	if (!is_id(v))
		return fault_set(w->f, RC_INVALID,
			"an ID of the document is not a name of at most %d letters, digits, '_', '-' and '.'",
			SAML_XML_ID_MAX);
	for (size_t i = 0; i < w->ids_n; i++)
		if (!strcmp(w->ids[i], v))
			return fault_set(w->f, RC_INVALID, "the document has the same ID twice");
	if (w->ids_n == SAML_XML_IDS)
		return fault_set(w->f, RC_TOO_LARGE, "the document has more than %d IDs", SAML_XML_IDS);
	w->ids[w->ids_n++] = v;
	return RC_OK;
}

static enum rc see_element(struct walk *w, const xmlNode *n)
{
	size_t attrs = 0, namespaces = 0;

	if (++w->elements > SAML_XML_ELEMENTS)
		return fault_set(w->f, RC_TOO_LARGE, "the document has more than %d elements", SAML_XML_ELEMENTS);
	for (const xmlNs *s = n->nsDef; s; s = s->next)
		namespaces++;
	w->namespaces += namespaces;
	for (const xmlAttr *a = n->properties; a; a = a->next) {
		enum rc rc = see_attr(w, a);
		if (rc != RC_OK)
			return rc;
		attrs++;
	}
	if (attrs + namespaces > SAML_XML_ATTRS || w->namespaces > SAML_XML_NS)
		return fault_set(w->f, RC_TOO_LARGE, "the document has too many attributes or namespaces");
	return RC_OK;
}

static bool is_passed_over(const struct walk *w, const xmlNode *n)
{
	return w->kind == SAML_XML_METADATA && (n->type == XML_COMMENT_NODE || n->type == XML_PI_NODE);
}

/* Depth first, with no recursion that a document could deepen. */
static enum rc check_tree(struct walk *w, const xmlNode *root)
{
	size_t depth = 1;

	for (const xmlNode *n = root; n;) {
		enum rc rc = RC_OK;
		if (n->type == XML_ELEMENT_NODE)
			rc = see_element(w, n);
		else if (n->type != XML_TEXT_NODE && !is_passed_over(w, n))
			rc = fault_set(w->f, RC_INVALID, "the document holds more than elements and text");
		if (rc != RC_OK)
			return rc;
		if (n->type == XML_ELEMENT_NODE && n->children) {
			if (++depth > SAML_XML_DEPTH)
				return fault_set(w->f, RC_TOO_LARGE, "the document is nested too deep");
			n = n->children;
			continue;
		}
		while (n != root && !n->next) {
			n = n->parent;
			depth--;
		}
		n = n == root ? NULL : n->next;
	}
	return RC_OK;
}

static enum rc check_doc(xmlDoc *doc, enum saml_xml_kind kind, struct fault *f)
{
	struct walk w = { .kind = kind, .f = f };
	const xmlNode *root = xmlDocGetRootElement(doc);

	if (doc->intSubset || doc->extSubset || !root)
		return fault_set(f, RC_INVALID, "the document has a document type");
	if (doc->version && strcmp((const char *)doc->version, "1.0") != 0)
		return fault_set(f, RC_INVALID, "the document is not XML 1.0");
	return check_tree(&w, root);
}

enum rc saml_xml_read(const void *p, size_t n, enum saml_xml_kind kind, struct _xmlDoc **ret_doc, struct fault *f)
{
	const char *s = p;

	if (n > SAML_XML_MAX)
		return fault_set(f, RC_TOO_LARGE, "the document is longer than %d bytes", SAML_XML_MAX);
	if (n >= 3 && !memcmp(s, "\xEF\xBB\xBF", 3)) {
		s += 3;
		n -= 3;
	}
	if (n == 0)
		return fault_set(f, RC_INVALID, "the document is empty");
	enum rc rc = saml_xml_start(f);
	if (rc == RC_OK)
		rc = check_bytes(s, n, kind, f);
	if (rc != RC_OK)
		return rc;
	xmlParserCtxt *ctxt = xmlNewParserCtxt();
	if (!ctxt)
		return RC_NOMEM;
	auto_saml_doc xmlDoc *doc = xmlCtxtReadMemory(ctxt, s, (int)n, NULL, "UTF-8",
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NODICT);
	bool whole = ctxt->wellFormed && ctxt->nsWellFormed;
	xmlFreeParserCtxt(ctxt);
	if (!doc || !whole)
		return fault_set(f, RC_INVALID, "the document is not well-formed XML");
	rc = check_doc(doc, kind, f);
	if (rc != RC_OK)
		return rc;
	*ret_doc = take(doc);
	return RC_OK;
}

void saml_xml_free(struct _xmlDoc *doc)
{
	if (doc)
		xmlFreeDoc(doc);
}

/* --- reading it */

struct _xmlNode *saml_xml_root(struct _xmlDoc *doc) { return xmlDocGetRootElement(doc); }

bool saml_xml_is(const struct _xmlNode *n, const char *ns, const char *name)
{
	return n && n->type == XML_ELEMENT_NODE && n->ns && n->ns->href && !strcmp((const char *)n->ns->href, ns) &&
	       !strcmp((const char *)n->name, name);
}

static xmlNode *element_from(xmlNode *n)
{
	while (n && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return n;
}

struct _xmlNode *saml_xml_first(const struct _xmlNode *n) { return n ? element_from(n->children) : NULL; }
struct _xmlNode *saml_xml_next(const struct _xmlNode *n) { return n ? element_from(n->next) : NULL; }

struct _xmlNode *saml_xml_child(const struct _xmlNode *n, const char *ns, const char *name)
{
	xmlNode *c = saml_xml_first(n);
	while (c && !saml_xml_is(c, ns, name))
		c = saml_xml_next(c);
	return c;
}

struct _xmlNode *saml_xml_again(const struct _xmlNode *n)
{
	xmlNode *c = saml_xml_next(n);
	while (c && !saml_xml_is(c, n->ns ? (const char *)n->ns->href : "", (const char *)n->name))
		c = saml_xml_next(c);
	return c;
}

struct _xmlNode *saml_xml_only(const struct _xmlNode *n, const char *ns, const char *name)
{
	xmlNode *c = saml_xml_child(n, ns, name);
	return c && !saml_xml_again(c) ? c : NULL;
}

const char *saml_xml_text(const struct _xmlNode *n)
{
	const xmlNode *t = n ? n->children : NULL;

	if (!n)
		return NULL;
	if (!t)
		return "";
	if (t->type != XML_TEXT_NODE || t->next || !t->content)
		return NULL;
	return (const char *)t->content;
}

const char *saml_xml_value(const struct _xmlNode *n)
{
	const char *s = saml_xml_text(n);
	return s && *s && strlen(s) <= SAML_XML_VALUE_MAX ? s : NULL;
}

const char *saml_xml_attr(const struct _xmlNode *n, const char *name)
{
	for (const xmlAttr *a = n ? n->properties : NULL; a; a = a->next) {
		if (a->ns || strcmp((const char *)a->name, name) != 0)
			continue;
		const char *v = attr_text(a);
		return v && strlen(v) <= SAML_XML_VALUE_MAX ? v : NULL;
	}
	return NULL;
}
