/** Programs on other machines, over SSH. */
package org.example.duende.ssh;
