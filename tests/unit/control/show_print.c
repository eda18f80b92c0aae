/* Prints what `dmvpn show --json WHAT` says of the sample, or `dmvpn explain --json`, for the schema check. */
#include <stdio.h>
#include <stdlib.h>

#include "control/explain.h"
#include "view_sample.h"

int main(int argc, char **argv)
{
	int subject = argc == 2 ? atoi(argv[1]) : -1;
	char *text;

	if (subject < SHOW_DMVPN || subject > SHOW_BFD + 1)
		return 2;
	text = subject > SHOW_BFD ? explain_json(view_sample(), &IPADDR_NONE) :
				      show_json(view_sample(), (enum show_subject)subject);
	if (!text)
		return 1;
	fputs(text, stdout);
	free(text);
	return 0;
}
