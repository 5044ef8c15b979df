/** Tests of daemon classes in JVMs of their own: real JVMs, real sockets. */
package com.paiml.duende.host;
