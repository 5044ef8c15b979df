package com.paiml.duende.control;

import com.paiml.duende.api.ConfigFault;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What of the configured daemons and groups could not be taken: files under {@code etc/} with faults, services with
 * properties that are not valid, configurations that others wrote. The daemon that ran before goes on meanwhile. A service;
 * any thread may call.
 */
@ProviderType
public interface ConfigurationFaults {
  /** The faults that stand now, by origin and line. A fault goes when its origin is mended or removed. */
  List<ConfigFault> faults();
}
