/**
 * Calls of commands. A command is a service with the properties of gogo (scope and function) and a method of that name; its
 * annotations say how it is called and what its help says. Words from the OS prompt are bound to the method's parameters as
 * they are: they are never read as a script.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.shell.call;
