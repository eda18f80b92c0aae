/* Prints what `dmvpn show --json WHAT` says of the sample, for the schema check. */
#include <stdio.h>
#include <stdlib.h>

#include "view_sample.h"

int main(int argc, char **argv)
{
	int subject = argc == 2 ? atoi(argv[1]) : -1;
	char *text;

	if (subject < SHOW_DMVPN || subject > SHOW_IPSEC)
		return 2;
	text = show_json(view_sample(), (enum show_subject)subject);
	if (!text)
		return 1;
	fputs(text, stdout);
	free(text);
	return 0;
}
