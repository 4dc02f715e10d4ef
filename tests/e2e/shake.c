/* shake PORT N: N TLS connections to 127.0.0.1, one after the other: handshake, "x\n" there and back, close.
 * Every third one leaves right after the handshake, every fifth in the middle of it. Prints how many were
 * answered. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("connect");
		exit(1);
	}
	return fd;
}

static int ask(SSL *ssl)
{
	char answer[2];

	return SSL_write(ssl, "x\n", 2) == 2 && SSL_read(ssl, answer, 2) == 2 &&
	       memcmp(answer, "x\n", 2) == 0;
}

/* 1: answered. 0: left early. */
static int one(SSL_CTX *context, int port, int i)
{
	int fd = connect_to(port), answered = 0;
	SSL *ssl = SSL_new(context);

	if (i % 5 == 4) {
		(void)!write(fd, "\x16\x03\x01\x02\x00\x01", 6);
	} else if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1) {
		(void)fprintf(stderr, "handshake %d failed\n", i);
		exit(1);
	} else if (i % 3 != 2) {
		answered = ask(ssl);
		if (!answered) {
			(void)fprintf(stderr, "connection %d was not answered\n", i);
			exit(1);
		}
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	(void)close(fd);
	return answered;
}

int main(int argc, char **argv)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int answered = 0;

	if (argc != 3 || context == NULL)
		return 64;
	for (int i = 0; i < atoi(argv[2]); i++)
		answered += one(context, atoi(argv[1]), i);
	(void)printf("%d\n", answered);
	SSL_CTX_free(context);
	return 0;
}
