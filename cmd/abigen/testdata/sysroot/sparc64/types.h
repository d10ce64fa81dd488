typedef long word_t; /* sparc64 */
