/**
 * What the parts of the lab share. Each platform has a package of its own below this one; a class of it starts the real thing
 * in namespaces and folders of its own, owns every process of it, and leaves nothing when it is closed. What cannot be had on
 * a machine is told as a reason to skip ({@link com.paiml.duende.lab.Missing}).
 */
@NullMarked
package com.paiml.duende.lab;

import org.jspecify.annotations.NullMarked;
