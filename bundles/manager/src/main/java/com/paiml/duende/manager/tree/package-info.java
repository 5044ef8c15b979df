/** What daemons mean to each other, as pure logic: dependencies, groups, and the order of starts and stops. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.tree;
