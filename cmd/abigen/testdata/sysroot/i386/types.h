typedef long word_t; /* i386 */
