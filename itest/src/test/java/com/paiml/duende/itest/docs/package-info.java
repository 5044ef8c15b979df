/** The documents, tried out. */
package com.paiml.duende.itest.docs;
