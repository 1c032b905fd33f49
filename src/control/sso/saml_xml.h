/*
 * saml_xml: XML as single sign-on reads it. What a stranger sends becomes a tree only here, and only when it holds nothing but
 * elements, attributes and text: no document type, so no entity and nothing from outside; no comment, processing instruction or
 * CDATA section, so a value is one text that nobody can read shorter than another; every ID once in the document.
 *
 * libxml2 and xmlsec stand behind it. Both keep global state, made once (saml_xml_start, by whoever comes first) and not
 * changed after it; then any thread may work, each on documents of its own. Trees and their texts live until saml_xml_free.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct _xmlDoc;
struct _xmlNode;

#define SAML_XML_MAX       262144 /* bytes of a document */
#define SAML_XML_ELEMENTS  8192
#define SAML_XML_DEPTH     64
#define SAML_XML_ATTRS     64   /* of one element, its namespaces included */
#define SAML_XML_IDS       256  /* ID attributes of a document */
#define SAML_XML_ID_MAX    128  /* characters of one */
#define SAML_XML_NS        256  /* namespaces declared in a document: what canonical XML has to look through */
#define SAML_XML_VALUE_MAX 4096 /* bytes of a text that saml_xml_value or saml_xml_attr gives */

#define SAML_NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAML_NS_PROTOCOL  "urn:oasis:names:tc:SAML:2.0:protocol"
#define SAML_NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define SAML_NS_DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define SAML_NS_XENC      "http://www.w3.org/2001/04/xmlenc#"

enum saml_xml_kind {
	SAML_XML_MESSAGE, /* from a stranger: as told above */
	SAML_XML_METADATA, /* from an administrator, or from where one said: comments and processing instructions are passed over */
};

/* Makes the global state ready; cheap when it is. Any thread. */
must_check enum rc saml_xml_start(struct fault *f);

/* RC_INVALID: it is not such a document; the fault says why. RC_TOO_LARGE. The tree is the caller's. */
must_check enum rc saml_xml_read(
	const void *p, size_t n, enum saml_xml_kind kind, struct _xmlDoc **ret_doc, struct fault *f);
void saml_xml_free(struct _xmlDoc *doc);
static inline void own_saml_doc_p(struct _xmlDoc **d) { saml_xml_free(*d); }
#define auto_saml_doc __attribute__((cleanup(own_saml_doc_p)))

struct _xmlNode *saml_xml_root(struct _xmlDoc *doc);
bool saml_xml_is(const struct _xmlNode *n, const char *ns, const char *name);

/* The first element in a node, the next beside it; NULL: none. */
struct _xmlNode *saml_xml_first(const struct _xmlNode *n);
struct _xmlNode *saml_xml_next(const struct _xmlNode *n);
/* The first child of this name, the next of the same name beside it; NULL: none. */
struct _xmlNode *saml_xml_child(const struct _xmlNode *n, const char *ns, const char *name);
struct _xmlNode *saml_xml_again(const struct _xmlNode *n);
/* The child of this name, if there is exactly one; NULL for a NULL node. */
struct _xmlNode *saml_xml_only(const struct _xmlNode *n, const char *ns, const char *name);

/* The whole text of an element that holds nothing else, "" when it is empty; NULL: it holds more, or n is NULL. */
const char *saml_xml_text(const struct _xmlNode *n);
/* The same, when it is a value: neither empty nor longer than SAML_XML_VALUE_MAX. */
const char *saml_xml_value(const struct _xmlNode *n);
/* An attribute without a namespace; NULL: it has none. */
const char *saml_xml_attr(const struct _xmlNode *n, const char *name);
