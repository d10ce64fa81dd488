typedef long word_t; /* evbarm */
