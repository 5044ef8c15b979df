/**
 * The ways in: files under {@code etc/}, daemons in the service registry, Configuration Admin; and what a configuration needs
 * from the framework when it is run: classes and objects.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.ways;
