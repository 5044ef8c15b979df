/** Control groups of version 1 and 2 alike: what a tree of processes may take, took, and its end. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.linux.cgroup;
