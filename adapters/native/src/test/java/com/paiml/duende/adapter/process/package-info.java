/** Tests of the platform "native" on the real thing. */
package com.paiml.duende.adapter.process;
