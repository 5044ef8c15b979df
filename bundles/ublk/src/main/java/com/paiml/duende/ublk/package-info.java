/**
 * Block devices that a daemon serves. {@link com.paiml.duende.ublk.BlockDaemon} is the class that a daemon file names; who has a
 * target of his own extends it.
 */
@Export
@Version("1.0.0")
@NullMarked
package com.paiml.duende.ublk;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
