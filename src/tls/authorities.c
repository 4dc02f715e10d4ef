/* authorities: a store of OpenSSL's, shared by the contexts of a route. */
#include "tls/authorities.h"

#include "tls/mistake.h"
#include "tls/pem.h"

#include <openssl/pem.h>

int authorities_open(struct authorities *a, struct reeve_error *e)
{
	*a = (struct authorities){X509_STORE_new(), sk_X509_NAME_new_null()};
	if (a->store != NULL && a->names != NULL)
		return 0;
	authorities_close(a);
	return refuse(e, "no memory");
}

static bool add_certificate(struct authorities *a, X509 *certificate)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));

	if (name != NULL && sk_X509_NAME_push(a->names, name) > 0)
		return X509_STORE_add_cert(a->store, certificate) == 1;
	X509_NAME_free(name);
	return false;
}

static bool add_list(struct authorities *a, X509_CRL *list)
{
	return X509_STORE_set_flags(a->store, X509_V_FLAG_CRL_CHECK) == 1 &&
	       X509_STORE_add_crl(a->store, list) == 1;
}

static bool add(struct authorities *a, const X509_INFO *info)
{
	return (info->x509 == NULL || add_certificate(a, info->x509)) &&
	       (info->crl == NULL || add_list(a, info->crl));
}

int authorities_add(struct authorities *a, int fd, struct reeve_error *e)
{
	BIO *bio = pem_read(fd, e);
	STACK_OF(X509_INFO) *all = bio != NULL ? PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;
	int certificates = 0;
	bool good = true;

	for (int i = 0; good && i < sk_X509_INFO_num(all); i++) {
		const X509_INFO *info = sk_X509_INFO_value(all, i);

		certificates += info->x509 != NULL;
		good = add(a, info);
	}
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	BIO_free(bio);
	if (bio == NULL)
		return -1;
	if (!good)
		return refuse(e, "%s", reason_of_openssl("no memory"));
	(void)reason_of_openssl("");
	return certificates > 0 ? 0 : refuse(e, "the file has no certificate in PEM form");
}

bool authorities_use(const struct authorities *a, SSL_CTX *ssl)
{
	STACK_OF(X509_NAME) *names = SSL_dup_CA_list(a->names);

	SSL_CTX_set_client_CA_list(ssl, names); /* takes it */
	SSL_CTX_set1_cert_store(ssl, a->store);
	return names != NULL;
}

void authorities_close(struct authorities *a)
{
	X509_STORE_free(a->store);
	sk_X509_NAME_pop_free(a->names, X509_NAME_free);
	*a = (struct authorities){NULL, NULL};
}
