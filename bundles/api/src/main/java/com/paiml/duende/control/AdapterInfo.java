package com.paiml.duende.control;

import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.TableSchema;

/**
 * A platform and what its adapter says of it.
 *
 * @param platform the name that daemon files use
 * @param bundle symbolic name and version of the adapter's bundle
 * @param fingerprint what it found
 * @param schema its table of the daemon file
 * @param daemons how many daemons are deployed for it
 */
public record AdapterInfo(
    String platform, String bundle, Fingerprint fingerprint, TableSchema schema, int daemons) {}
