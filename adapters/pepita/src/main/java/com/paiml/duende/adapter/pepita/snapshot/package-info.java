/** What snapshots of machines are kept as, in their daemons' state folders. */
@NullMarked
package com.paiml.duende.adapter.pepita.snapshot;

import org.jspecify.annotations.NullMarked;
