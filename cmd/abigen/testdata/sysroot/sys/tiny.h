#include <machine/types.h>

#define TINY_MAX 7
#define TINY_NAME "tiny"
#define TINY_HALF 0.5

struct tiny {
	int t_id;
	word_t t_word;
	unsigned t_bits : 3;
	union {
		char u_char;
		short u_short;
	} t_u;
};
