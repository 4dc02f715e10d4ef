/* certificate: what is wrong with one is -1 and a sentence. */
#include "tls/certificate.h"

#include "tls/mistake.h"
#include "tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Nobody is here to type a passphrase. */
static int no_passphrase(char *to, int room, int writing, void *asked)
{
	(void)to;
	(void)room;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static int read_key(struct certificate *c, int fd, struct reeve_error *e)
{
	BIO *bio = pem_read(fd, e);
	bool asked = false;

	if (bio == NULL)
		return -1;
	c->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	BIO_free(bio);
	ERR_clear_error();
	if (c->key == NULL && asked)
		return refuse(e, "the key is encrypted, and nobody can be asked for its passphrase: "
				 "write it without one (openssl pkey)");
	return c->key != NULL ? 0 : refuse(e, "the key file has no private key in PEM form");
}

static int read_chain(struct certificate *c, int fd, struct reeve_error *e)
{
	BIO *bio = pem_read(fd, e);
	X509 *next;

	if (bio == NULL)
		return -1;
	c->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	c->chain = sk_X509_new_null();
	while (c->leaf != NULL && c->chain != NULL &&
		(next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(c->chain, next) == 0)
			X509_free(next);
	BIO_free(bio);
	ERR_clear_error();
	return c->leaf != NULL && c->chain != NULL
		       ? 0
		       : refuse(e, "the certificate file has no certificate in PEM form");
}

int certificate_read(struct certificate *c, int certificate_fd, int key_fd, struct reeve_error *e)
{
	*c = (struct certificate){NULL, NULL, NULL};
	if (read_chain(c, certificate_fd, e) == 0 && read_key(c, key_fd, e) == 0) {
		if (X509_check_private_key(c->leaf, c->key) == 1)
			return 0;
		(void)refuse(e, "the key does not belong to the certificate");
	}
	ERR_clear_error();
	certificate_free(c);
	return -1;
}

void certificate_free(struct certificate *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	*c = (struct certificate){NULL, NULL, NULL};
}

static int refuse_time(struct reeve_error *e, const char *what, const ASN1_TIME *when)
{
	char text[32] = "?";
	struct tm tm;

	if (ASN1_TIME_to_tm(when, &tm) == 1)
		(void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return refuse(e, "the certificate %s %s", what, text);
}

int certificate_check_time(const struct certificate *c, time_t now, struct reeve_error *e)
{
	const ASN1_TIME *from = X509_get0_notBefore(c->leaf), *to = X509_get0_notAfter(c->leaf);

	if (X509_cmp_time(to, &now) <= 0)
		return refuse_time(e, "expired on", to);
	if (X509_cmp_time(from, &now) > 0)
		return refuse_time(e, "is not valid before", from);
	return 0;
}

bool certificate_is_for(const struct certificate *c, const char *name)
{
	return X509_check_host(c->leaf, name, 0, 0, NULL) == 1;
}
