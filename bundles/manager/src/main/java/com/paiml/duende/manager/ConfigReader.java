package com.paiml.duende.manager;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.GroupConfig;
import java.util.List;
import java.util.Optional;

/** Reads daemon files, and checks configurations however they were made. Any thread may call. */
public interface ConfigReader {

  /**
   * @param text TOML
   * @param origin named in faults: a path, or what stands for one
   * @throws ConfigException with every fault of the text
   */
  DaemonConfig read(String text, String origin) throws ConfigException;

  /**
   * Reads a group file.
   *
   * @throws ConfigException with every fault of the text
   */
  GroupConfig readGroup(String text, String origin) throws ConfigException;

  /**
   * Reads the file again from which a daemon was deployed.
   *
   * @param origin as it was given at the deployment
   * @return empty when that is not a file (a call, a service): the configuration stays as it is
   */
  Optional<DaemonConfig> reread(String origin) throws DaemonException;

  /**
   * Every fault of a configuration that was not read from a text: names, ranges, keys that do not go together. What the
   * platform can do is not asked here.
   */
  List<ConfigFault> check(DaemonConfig config, String origin);

  /** Every fault of a group's configuration. */
  List<ConfigFault> check(GroupConfig config, String origin);
}
