typedef long word_t; /* amd64 */
