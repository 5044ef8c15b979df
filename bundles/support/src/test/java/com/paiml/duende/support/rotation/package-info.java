/** Tests of logs: what is written is read, whatever happens between. */
package com.paiml.duende.support.rotation;
