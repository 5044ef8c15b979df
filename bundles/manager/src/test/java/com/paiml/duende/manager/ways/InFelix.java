package com.paiml.duende.manager.ways;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.apache.felix.framework.FrameworkFactory;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.service.cm.ConfigurationAdmin;

/** A Felix framework that shares the API with the test, and bundles made of the test's own classes. */
final class InFelix implements AutoCloseable {
  private final Framework framework;

  InFelix(Path folder) throws BundleException {
    Map<String, String> settings = new HashMap<>();
    settings.put(Constants.FRAMEWORK_STORAGE, folder.resolve("felix").toString());
    settings.put("duende.data", folder.resolve("data").toString());
    settings.put("duende.etc", folder.resolve("etc").toString());
    settings.put(
        Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
        "com.paiml.duende.api,com.paiml.duende.spi,com.paiml.duende.control,"
            + "org.osgi.service.cm;version=1.6.1");
    framework = new FrameworkFactory().newFramework(settings);
    framework.start();
  }

  BundleContext context() {
    return framework.getBundleContext();
  }

  /** Installs a bundle with these classes; starts nothing. */
  Bundle install(String symbolicName, Class<?>... classes) throws IOException, BundleException {
    return context().installBundle("test:" + symbolicName, jar(symbolicName, "1.0.0", classes));
  }

  /** Starts Configuration Admin. */
  ConfigurationAdmin configurationAdmin() throws BundleException {
    context()
        .installBundle(
            org.apache.felix.cm.PersistenceManager.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toString())
        .start();
    return context().getService(context().getServiceReference(ConfigurationAdmin.class));
  }

  static InputStream jar(String symbolicName, String version, Class<?>... classes)
      throws IOException {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue("Bundle-ManifestVersion", "2");
    main.putValue("Bundle-SymbolicName", symbolicName);
    main.putValue("Bundle-Version", version);
    main.putValue("Import-Package", "com.paiml.duende.api");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
      for (Class<?> each : classes) {
        String path = each.getName().replace('.', '/') + ".class";
        jar.putNextEntry(new JarEntry(path));
        try (InputStream in = each.getClassLoader().getResourceAsStream(path)) {
          in.transferTo(jar);
        }
        jar.closeEntry();
      }
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }

  @Override
  public void close() throws Exception {
    framework.stop();
    framework.waitForStop(30_000);
  }
}
