package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.What;
import com.paiml.duende.manager.ways.sample.Idle;
import com.paiml.duende.spi.Payload;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceRegistration;

class BundlePayloadsTest {
  private static final String IDLE = Idle.class.getName();

  @TempDir Path folder;
  private InFelix felix;
  private DaemonServices services;
  private BundlePayloads payloads;

  @BeforeEach
  void start() throws Exception {
    felix = new InFelix(folder);
    services = new DaemonServices(felix.context());
    payloads = new BundlePayloads(felix.context(), services);
  }

  @AfterEach
  void stop() throws Exception {
    payloads.close();
    services.close();
    felix.close();
  }

  @Test
  void a_class_is_found_in_the_bundle_that_is_named_or_in_whichever_has_it() throws Exception {
    felix.install("sample", Idle.class).start();
    for (String bundle : List.of("sample", "")) {
      Payload payload = payloads.resolve(config(IDLE, bundle).build());
      Daemon first = assertInstanceOf(Payload.InProcess.class, payload).source().create();
      assertEquals(IDLE, first.getClass().getName());
      assertNotEquals(Idle.class, first.getClass());
      assertNotSame(first, ((Payload.InProcess) payload).source().create());
    }
  }

  @Test
  void what_is_not_there_yet_is_not_found_and_says_what_is_missing() throws Exception {
    assertEquals(
        "x: bundle sample is not installed and started; put its jar into the folder bundles/, or"
            + " mend the name",
        missing(config(IDLE, "sample")));
    Bundle bundle = felix.install("sample", Idle.class);
    assertTrue(missing(config(IDLE, "sample")).contains("is not installed and started"));
    bundle.start();
    assertTrue(missing(config("no.Such", "sample")).contains("has no class no.Such"));
    assertTrue(missing(config("no.Such", "")).contains("no started bundle has the class no.Such"));
  }

  @Test
  void a_class_that_can_never_be_made_is_refused() throws Exception {
    felix
        .install(
            "sample",
            Idle.class,
            Idle.Hidden.class,
            Idle.Failing.class,
            Idle.Unfinished.class,
            NoDaemon.class)
        .start();
    assertTrue(refused(Idle.Hidden.class).contains("no public constructor"));
    assertTrue(refused(Idle.Unfinished.class).contains("is abstract"));
    assertTrue(refused(NoDaemon.class).contains("does not implement"));
    Payload payload = payloads.resolve(config(Idle.Failing.class.getName(), "sample").build());
    DaemonException e =
        assertThrows(DaemonException.class, () -> ((Payload.InProcess) payload).source().create());
    assertEquals(ErrorCode.SPAWN, e.code());
    assertTrue(e.getMessage().contains("no luck"));
  }

  /** Anything else. */
  public static final class NoDaemon {}

  @Test
  void the_coming_and_going_of_a_bundle_is_told_to_those_whom_it_concerns() throws Exception {
    List<String> told = new ArrayList<>();
    DaemonConfig named = config(IDLE, "sample").build();
    DaemonConfig any = config(IDLE, "").build();
    DaemonConfig own =
        config(IDLE, "sample").tables(Map.of("native", Map.of("process", true))).build();
    DaemonConfig other = config(IDLE, "other").build();
    try (var _ =
        payloads.watch(
            (affected, available) ->
                told.add(
                    List.of(named, any, own, other).stream().map(affected::test).toList()
                        + " "
                        + available))) {
      Bundle bundle = felix.install("sample", Idle.class);
      bundle.start();
      bundle.stop();
    }
    assertEquals(
        List.of("[true, true, true, false] true", "[true, true, false, false] false"), told);
  }

  @Test
  void after_an_update_of_the_bundle_new_objects_are_of_the_new_class() throws Exception {
    Bundle bundle = felix.install("sample", Idle.class);
    bundle.start();
    Payload.InProcess payload =
        (Payload.InProcess) payloads.resolve(config(IDLE, "sample").build());
    Daemon before = payload.source().create();
    bundle.update(InFelix.jar("sample", "1.1.0", Idle.class));
    assertNotSame(before.getClass(), payload.source().create().getClass());
  }

  @Test
  void a_class_for_a_jvm_of_its_own_comes_as_jars_that_can_be_run_without_the_framework()
      throws Exception {
    Bundle bundle = felix.install("sample", Idle.class);
    bundle.start();
    DaemonConfig config =
        config(IDLE, "sample").tables(Map.of("native", Map.of("process", true))).build();
    assertEquals(Payload.Kind.JAVA_CLASS, payloads.kindOf(config));
    Payload.JavaClass payload = assertInstanceOf(Payload.JavaClass.class, payloads.resolve(config));
    assertTrue(payload.classPath().getFirst().startsWith(folder.resolve("data/cache/classpath")));
    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {payload.classPath().getFirst().toUri().toURL()},
            new Only(getClass().getClassLoader()))) {
      assertEquals(IDLE, loader.loadClass(IDLE).getName());
      assertSame(loader, loader.loadClass(IDLE).getClassLoader());
    }
    assertEquals(payload, payloads.resolve(config));
    for (int i = 2; i < 7; i++) {
      bundle.update(InFelix.jar("sample", i + ".0.0", Idle.class));
      Payload.JavaClass next = (Payload.JavaClass) payloads.resolve(config);
      assertTrue(Files.exists(next.classPath().getFirst()));
      assertNotEquals(payload, next);
    }
    try (var versions = Files.list(folder.resolve("data/cache/classpath/sample"))) {
      assertEquals(3, versions.count());
    }
  }

  /** Sees the API and the JDK, and nothing else of the test. */
  private static final class Only extends ClassLoader {
    Only(ClassLoader parent) {
      super(parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("com.paiml.duende.manager")) {
        throw new ClassNotFoundException(name);
      }
      return super.loadClass(name, resolve);
    }
  }

  @Test
  void an_object_in_the_registry_is_run_as_it_is_each_time() throws Exception {
    DaemonConfig config = DaemonConfig.builder("idle").what(new What.Service(IDLE)).build();
    assertTrue(missing(config.toBuilder()).contains("no service " + IDLE));
    List<Boolean> told = new ArrayList<>();
    try (var _ =
        payloads.watch(
            (affected, available) -> {
              assertTrue(affected.test(config));
              told.add(available);
            })) {
      Idle object = new Idle();
      ServiceRegistration<Daemon> registration =
          felix.context().registerService(Daemon.class, object, new Hashtable<>());
      Payload.InProcess payload = (Payload.InProcess) payloads.resolve(config);
      assertSame(object, payload.source().create());
      assertSame(object, payload.source().create());
      registration.unregister();
      assertTrue(missing(config.toBuilder()).contains("no service " + IDLE));
    }
    assertEquals(List.of(true, false), told);
  }

  @Test
  void what_is_no_class_is_passed_on() throws Exception {
    assertEquals(new Payload.Program("/bin/sh"), payloads.resolve(of(new What.Program("/bin/sh"))));
    assertEquals(
        new Payload.Image("busybox", "sh"), payloads.resolve(of(new What.Image("busybox", "sh"))));
    assertEquals(
        new Payload.Module(Path.of("/srv/a.wasm")),
        payloads.resolve(of(new What.Module("a.wasm")).toBuilder().workingDir("/srv").build()));
    assertEquals(new Payload.Vm("", "app"), payloads.resolve(of(new What.Vm("", "app"))));
    for (What what :
        List.of(
            new What.Program("x"),
            new What.Image("x", ""),
            new What.Module("x"),
            new What.Vm("x", ""))) {
      assertEquals(payloads.resolve(of(what)).kind(), payloads.kindOf(of(what)));
    }
  }

  private static DaemonConfig of(What what) {
    return DaemonConfig.builder("x").what(what).build();
  }

  private static DaemonConfig.Builder config(String className, String bundle) {
    return DaemonConfig.builder("x").what(new What.JavaClass(className, bundle));
  }

  private String missing(DaemonConfig.Builder config) {
    DaemonException e = assertThrows(DaemonException.class, () -> payloads.resolve(config.build()));
    assertEquals(ErrorCode.NOT_FOUND, e.code());
    return e.getMessage();
  }

  private String refused(Class<?> type) {
    return assertThrows(
            DaemonException.class, () -> payloads.resolve(config(type.getName(), "sample").build()))
        .getMessage();
  }
}
