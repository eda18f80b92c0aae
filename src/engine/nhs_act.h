/*
 * nhs_act: what the state machine of an NHS does, for nhs_step.c alone.
 */
#ifndef DMVPN_ENGINE_NHS_ACT_H
#define DMVPN_ENGINE_NHS_ACT_H

#include "engine/nhs.h"

void nhs_enter(struct nhs *n, enum nhs_state state); /* the only writer of the state */
void nhs_enter_if_addressed(struct nhs *n, enum nhs_state state); /* else WAITING */

void nhs_miss(struct nhs *n);         /* no answer within the ladder's step: the next try */
void nhs_miss_refusal(struct nhs *n); /* the same, of one that had said no */
void nhs_ask_again(struct nhs *n);    /* somebody is there after all */
void nhs_refuse(struct nhs *n);
void nhs_gone(struct nhs *n);
void nhs_lose_path(struct nhs *n);
void nhs_doubt(struct nhs *n);        /* it is dead, as far as we know; it is not needed now */
void nhs_undoubt(struct nhs *n);
bool nhs_farewell_again(struct nhs *n); /* false: that was often enough */
void nhs_farewell_over(struct nhs *n);

#endif
