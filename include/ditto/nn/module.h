#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// How networks are written here. A module is a plain value: a struct whose members are tensors,
/// leaves (nn/leaves.h) and other modules, and whose constructor takes a Scope. There is no base
/// class. The scope carries the checkpoint's name of the place in the tree, the dtype and the
/// device; each parameter is made through it, and is thereby known by its name to the network's
/// Weights, which loading, checking and converting walk. So a member is named once, where it is
/// made, and can't be forgotten:
///
///     struct FeedForward {
///       Linear in, out;
///       FeedForward(const Scope& scope, std::int64_t dim, std::int64_t inner)
///           : in(scope / "net.0.proj", dim, inner), out(scope / "net.2", inner, dim) {}
///       at::Tensor operator()(const at::Tensor& x) const { return out(at::gelu(in(x), "tanh")); }
///     };
///     ...
///     for (int i = 0; i < config.num_layers; ++i) blocks.emplace_back(scope / "blocks" / i,
///     config);
///
/// Parameters are allocated empty and never initialised; load_weights (nn/weights.h) fills them in
/// place, so copies of a module share them. On the device "meta" nothing is allocated: names,
/// shapes and bytes of a network of any size are known at once.
namespace ditto::nn {

/// Where and how parameters are allocated.
struct Placement {
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
};

enum class Role {
  kParameter,
  kBuffer,          ///< a tensor of the checkpoint that isn't trained; keeps its own dtype
  kOptionalBuffer,  ///< the same, but checkpoints without it are whole too
};

struct Weight {
  std::string name;
  at::Tensor tensor;
  Role role = Role::kParameter;
};

/// All parameters and buffers of a network under their checkpoint names, in the order in which they
/// were made. The tensors are those of the modules themselves, not copies.
class Weights {
 public:
  const std::vector<Weight>& all() const { return all_; }
  /// Null when there is none.
  const Weight* find(const std::string& name) const;
  /// Other names under which checkpoints hold a parameter (tied weights), to its own name.
  const std::map<std::string, std::string>& ties() const { return ties_; }

  void add(Weight weight);  ///< throws std::logic_error for a name that is taken
  void tie(const std::string& other, const std::string& name);

  std::uint64_t bytes() const;       ///< of all tensors
  std::uint64_t parameters() const;  ///< number of elements of the parameters

 private:
  std::vector<Weight> all_;
  std::map<std::string, std::size_t> index_;
  std::map<std::string, std::string> ties_;
};

/// A place in the module tree. `weights` must live while modules are being made.
class Scope {
 public:
  Scope(Weights& weights, Placement placement) : weights_(&weights), placement_(placement) {}

  /// The child of that name; names may contain dots ("ffn.net.2").
  Scope operator/(std::string_view name) const;
  Scope operator/(std::int64_t index) const { return *this / std::to_string(index); }
  /// The same place with parameters of another dtype: for modules that stay in float32.
  Scope with(at::ScalarType dtype) const;

  at::Tensor parameter(std::string_view name, at::IntArrayRef shape,
                       at::MemoryFormat format = at::MemoryFormat::Contiguous) const;
  at::Tensor buffer(std::string_view name, at::IntArrayRef shape, at::ScalarType dtype,
                    Role role = Role::kBuffer) const;
  /// Says that checkpoints may hold the parameter `name` (a full name) as this scope's `other` too,
  /// or instead.
  void tie(std::string_view other, const std::string& name) const;

  const std::string& name() const { return name_; }
  const Placement& placement() const { return placement_; }

 private:
  std::string full(std::string_view name) const;
  at::Tensor make(std::string_view name, at::IntArrayRef shape, at::ScalarType dtype, Role role,
                  at::MemoryFormat format = at::MemoryFormat::Contiguous) const;

  Weights* weights_;
  Placement placement_;
  std::string name_;
};

}  // namespace ditto::nn
