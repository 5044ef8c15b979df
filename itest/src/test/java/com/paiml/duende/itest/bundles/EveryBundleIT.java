package com.paiml.duende.itest.bundles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.paiml.duende.itest.container.InContainer;
import java.util.ArrayList;
import java.util.List;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/** Given the distribution's bundles in Felix, as they come from the build. */
@InContainer
class EveryBundleIT {
  @Inject BundleContext context;
  @Inject ServiceComponentRuntime components;

  @Test
  void testsRunInsideTheContainer() {
    assertNotNull(FrameworkUtil.getBundle(getClass()), "this class comes from a bundle");
    assertEquals("org.apache.felix.framework", context.getBundle(0).getSymbolicName());
    assertFalse(ours().isEmpty(), "there are bundles of ours");
  }

  @Test
  void everyBundleIsActive() {
    List<String> idle = new ArrayList<>();
    for (Bundle bundle : context.getBundles()) {
      boolean fragment = bundle.getHeaders("").get("Fragment-Host") != null;
      boolean lazy = bundle.getHeaders("").get("Bundle-ActivationPolicy") != null;
      boolean fine =
          bundle.getState() == Bundle.ACTIVE
              || (fragment && bundle.getState() == Bundle.RESOLVED)
              || (lazy && bundle.getState() == Bundle.STARTING);
      if (!fine) {
        idle.add(bundle.getSymbolicName() + " is in state " + bundle.getState());
      }
    }
    assertEquals(List.of(), idle);
  }

  /** A class that needs a package which the manifest does not import shows itself when it is linked, not when it is resolved. */
  @Test
  void everyClassOfOursLinksFromItsManifestAlone() {
    List<String> broken = new ArrayList<>();
    int linked = 0;
    for (Bundle bundle : ours()) {
      BundleWiring wiring = bundle.adapt(BundleWiring.class);
      for (String path :
          wiring.listResources(
              "/",
              "*.class",
              BundleWiring.LISTRESOURCES_RECURSE | BundleWiring.LISTRESOURCES_LOCAL)) {
        if (!path.startsWith("com/paiml/duende/") || path.endsWith("package-info.class")) {
          continue;
        }
        try {
          Class<?> type = bundle.loadClass(path.substring(0, path.length() - 6).replace('/', '.'));
          int members =
              type.getDeclaredMethods().length
                  + type.getDeclaredFields().length
                  + type.getDeclaredConstructors().length;
          linked += members >= 0 ? 1 : 0;
        } catch (ClassNotFoundException | LinkageError e) {
          broken.add(bundle.getSymbolicName() + ": " + path + ": " + e);
        }
      }
    }
    assertEquals(List.of(), broken);
    assertFalse(linked == 0, "classes were linked");
  }

  /** A bundle is active also when its components are not: every service is asked for, and none may have failed to begin. */
  @Test
  void everyServiceOfOursCanBeHadAndNoComponentFails() {
    List<String> faults = new ArrayList<>();
    int had = 0;
    for (Bundle bundle : ours()) {
      ServiceReference<?>[] references = bundle.getRegisteredServices();
      for (ServiceReference<?> reference :
          references == null ? new ServiceReference<?>[0] : references) {
        if (context.getService(reference) == null) {
          faults.add(reference + " gives no service");
        } else {
          had++;
        }
      }
    }
    for (ComponentDescriptionDTO component : components.getComponentDescriptionDTOs()) {
      for (ComponentConfigurationDTO one : components.getComponentConfigurationDTOs(component)) {
        if (one.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
          faults.add(component.name + ": " + one.failure);
        }
      }
    }
    assertEquals(List.of(), faults);
    assertFalse(had == 0, "services were had");
  }

  @Test
  void noBundleOfOursHasAnActivator() {
    List<String> activators = new ArrayList<>();
    for (Bundle bundle : ours()) {
      if (bundle.getHeaders("").get("Bundle-Activator") != null) {
        activators.add(bundle.getSymbolicName());
      }
    }
    assertEquals(List.of(), activators);
  }

  private List<Bundle> ours() {
    List<Bundle> ours = new ArrayList<>();
    for (Bundle bundle : context.getBundles()) {
      if (bundle.getSymbolicName().startsWith("com.paiml.duende.")) {
        ours.add(bundle);
      }
    }
    return ours;
  }
}
