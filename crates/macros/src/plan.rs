//! What will be generated: fields, their names, types and documentation.

use crate::interpolation::Interpolation;
use crate::names::Fields;
use crate::source::Source;
use cvxlayer_lang::check::model::{CheckedModel, Constraint, ParameterKind};
use cvxlayer_lang::check::size::{Poly, Unknown};
use cvxlayer_program::Program;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// A field of a generated struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    pub(crate) kind: Type,
    /// Its position among what the program lists of its kind.
    pub(crate) position: usize,
    /// Whether a parameter has a default.
    pub(crate) optional: bool,
    /// The name in the model, and the number of axes.
    pub(crate) name: String,
    pub(crate) rank: usize,
}

/// The type of a field.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    Scalar,
    /// Sizes that are constant expressions.
    Fixed(Vec<TokenStream>),
    Vector,
    Matrix,
    /// More than two axes, or the pattern of a sparse matrix.
    Array,
    /// A size.
    Size,
}

impl Type {
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Self::Scalar => quote!(::core::primitive::f64),
            Self::Fixed(sizes) => match &sizes[..] {
                [n] => quote!(::cvxlayer::nalgebra::SVector<::core::primitive::f64, #n>),
                sizes => quote!(::cvxlayer::nalgebra::SMatrix<::core::primitive::f64, #(#sizes),*>),
            },
            Self::Vector => quote!(::cvxlayer::nalgebra::DVector<::core::primitive::f64>),
            Self::Matrix => quote!(::cvxlayer::nalgebra::DMatrix<::core::primitive::f64>),
            Self::Array => quote!(::cvxlayer::Array),
            Self::Size => quote!(::core::primitive::usize),
        }
    }
}

/// The value of a parameter that a Rust constant gives.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) position: usize,
    pub(crate) kind: TokenStream,
    pub(crate) value: TokenStream,
    pub(crate) span: Span,
}

/// The fields of all generated structs.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) parameters: Vec<Field>,
    pub(crate) variables: Vec<Field>,
    pub(crate) lets: Vec<Field>,
    pub(crate) duals: Vec<Field>,
    pub(crate) bounds: Vec<Field>,
    /// Sizes, constants and patterns that the layer is made with.
    pub(crate) open: Vec<Field>,
    /// Fields of the solution that are no name of the model's.
    pub(crate) objective: Option<Ident>,
    pub(crate) dual_field: Option<Ident>,
    pub(crate) bound_field: Option<Ident>,
    pub(crate) constants: Vec<Constant>,
    /// Sizes that Rust constants give.
    pub(crate) sizes: Vec<Interpolation>,
}

/// Fixed arrays with more entries would burden the stack.
const LARGEST: usize = 4096;

/// Whether everything that the program's shape depends on is in the text.
pub(crate) fn is_closed(model: &CheckedModel) -> bool {
    model.dims.is_empty()
        && model.constants.iter().all(|c| c.init.is_some())
        && model.parameters.iter().all(|p| !p.kind.sparse)
}

/// Decides on all fields. The program, where there is one, knows the shapes of duals.
pub(crate) fn plan(model: &CheckedModel, program: Option<&Program>, source: &Source) -> Plan {
    let planner = Planner { model, source };
    let mut out = Plan::default();
    planner.parameters(&mut out);
    planner.solution(&mut out, program);
    planner.open(&mut out);
    out
}

struct Planner<'a> {
    model: &'a CheckedModel,
    source: &'a Source,
}

impl Planner<'_> {
    fn interpolation(&self, name: &str) -> Option<&Interpolation> {
        self.source.interpolations.iter().find(|i| i.name == name)
    }

    fn parameters(&self, out: &mut Plan) {
        let given = |name: &str| self.interpolation(name).is_some_and(|i| !i.is_size);
        let names = self.model.parameters.iter().map(|p| p.name.as_str());
        let mut fields = Fields::new(names.filter(|name| !given(name)));
        for (position, p) in self.model.parameters.iter().enumerate() {
            if let Some(one) = self.interpolation(&p.name).filter(|i| !i.is_size) {
                let kind = p.shape.iter().rev().fold(quote!(::core::primitive::f64), |inner, size| {
                    let size = self.size(size).unwrap_or(quote!(0));
                    quote!([#inner; #size])
                });
                out.constants.push(Constant { position, kind, value: one.value.clone(), span: one.span });
                continue;
            }
            let shape = if p.kind.diag { p.shape.get(..1).unwrap_or_default() } else { &p.shape[..] };
            let kind = if p.kind.sparse { Type::Vector } else { self.array(shape) };
            let ident = fields.named(&p.name, self.source.name(&p.name, p.span.start as usize));
            let mut doc = self.doc(p.doc.as_deref(), "param", &p.name, &p.shape, &attributes(p.kind));
            if p.kind.sparse {
                doc.push_str("\n\nThe stored entries, by row and then column.");
            } else if p.kind.diag {
                doc.push_str("\n\nThe diagonal.");
            }
            let (name, rank) = (p.name.clone(), p.shape.len());
            out.parameters.push(Field {
                ident,
                doc,
                kind,
                position,
                optional: p.default.is_some(),
                name,
                rank,
            });
        }
    }

    fn solution(&self, out: &mut Plan, program: Option<&Program>) {
        let model = self.model;
        let variables = model.variables.iter().map(|v| v.name.as_str());
        let mut fields = Fields::new(variables.chain(model.lets.iter().map(|l| l.name.as_str())));
        for (position, v) in model.variables.iter().enumerate() {
            let ident = fields.named(&v.name, self.source.name(&v.name, v.span.start as usize));
            let doc = self.doc(v.doc.as_deref(), "var", &v.name, &v.shape, "");
            out.variables.push(field(ident, doc, self.array(&v.shape), position, &v.name, v.shape.len()));
            if v.nonneg || v.nonpos || v.range.is_some() {
                let position = out.bounds.len();
                let mut bounds = Fields::default();
                let ident = bounds.named(&v.name, self.source.name(&v.name, v.span.start as usize));
                let doc = format!("Duals of the bounds of `{}`.", v.name);
                out.bounds.push(field(ident, doc, self.array(&v.shape), position, &v.name, v.shape.len()));
            }
        }
        for (position, l) in model.lets.iter().enumerate() {
            let shape = model.tree.shape(l.node);
            let after = self.statement(&format!("let {}", l.name));
            let ident = fields.named(&l.name, self.source.name(&l.name, after));
            let doc = self.doc(l.doc.as_deref(), "let", &l.name, shape, "");
            out.lets.push(field(ident, doc, self.array(shape), position, &l.name, shape.len()));
        }
        let labelled = |c: &&Constraint| !c.label.starts_with('#');
        let mut duals = Fields::new(model.constraints.iter().filter(labelled).map(|c| c.label.as_str()));
        for (position, c) in model.constraints.iter().enumerate().filter(|(_, c)| labelled(c)) {
            let ident = duals.named(&c.label, self.source.name(&c.label, c.span.start as usize));
            let known = program.and_then(|p| p.solution.duals.get(position));
            let (kind, rank) = match known {
                Some(dual) => {
                    let axes: Vec<Poly> = dual.axes.iter().map(|&n| Poly::constant(n as i64)).collect();
                    (self.array(&axes), axes.len())
                }
                None => self.dual(c),
            };
            let doc = format!("Dual of `{}`.", model.text(c.span).trim_end_matches(';'));
            out.duals.push(field(ident, doc, kind, position, &c.label, rank));
        }
        let here = Span::call_site();
        out.objective = Some(fields.extra("objective", here));
        out.dual_field = (!out.duals.is_empty()).then(|| fields.extra("duals", here));
        out.bound_field = (!out.bounds.is_empty()).then(|| fields.extra("bounds", here));
    }

    /// The type of a dual whose ranges are not known yet.
    fn dual(&self, c: &Constraint) -> (Type, usize) {
        let own = if c.shape.iter().any(Poly::has_index) { None } else { Some(c.shape.clone()) };
        let ranges = c.loops.as_ref().map_or(Some(Vec::new()), |loops| {
            let dependent = |(_, lo, hi): &(u32, Poly, Poly)| lo.has_index() || hi.has_index();
            if loops.condition.is_some() || loops.ranges.iter().any(dependent) {
                return None;
            }
            loops.ranges.iter().map(|(_, lo, hi)| hi.sub(lo).ok()).collect::<Option<Vec<_>>>()
        });
        match (ranges, own) {
            (Some(mut axes), Some(own)) => {
                axes.extend(own);
                (self.array(&axes), axes.len())
            }
            // The number of instances is counted when the model is compiled, and so are entries of unlike instances.
            (None, Some(own)) => {
                let rank = own.len() + 1;
                (if rank == 1 { Type::Vector } else { Type::Array }, rank)
            }
            _ => (Type::Vector, 1),
        }
    }

    fn open(&self, out: &mut Plan) {
        let model = self.model;
        let open = |name: &&str| self.interpolation(name).is_none();
        let dims = model.dims.iter().map(|d| d.name.as_str()).filter(open);
        let constants = model.constants.iter().filter(|c| c.init.is_none() && c.file.is_none());
        let sparse = model.parameters.iter().filter(|p| p.kind.sparse);
        let names = dims
            .chain(constants.clone().map(|c| c.name.as_str()))
            .chain(sparse.clone().map(|p| p.name.as_str()));
        let mut fields = Fields::new(names);
        for (position, d) in model.dims.iter().enumerate() {
            if let Some(one) = self.interpolation(&d.name) {
                out.sizes.push(one.clone());
                continue;
            }
            let ident = fields.named(&d.name, self.source.name(&d.name, d.span.start as usize));
            out.open.push(field(ident, format!("The size `{}`.", d.name), Type::Size, position, &d.name, 0));
        }
        for c in constants {
            let ident = fields.named(&c.name, self.source.name(&c.name, c.span.start as usize));
            let doc = self.doc(c.doc.as_deref(), "const", &c.name, &c.shape, &attributes(c.kind));
            let kind = if c.kind.sparse { Type::Array } else { self.array(&c.shape) };
            out.open.push(field(ident, doc, kind, 0, &c.name, c.shape.len()));
        }
        for p in sparse {
            let ident = fields.named(&p.name, self.source.name(&p.name, p.span.start as usize));
            let doc = format!("The pattern of `{}`: a sparse array whose values do not matter.", p.name);
            out.open.push(field(ident, doc, Type::Array, 0, &p.name, 2));
        }
    }

    /// The offset at which a statement begins, given its first words.
    fn statement(&self, words: &str) -> usize {
        let mut rest = self.source.text.match_indices(words);
        let whole = |at: usize| {
            let next = self.source.text[at + words.len()..].chars().next();
            next.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        };
        rest.find(|(at, _)| whole(*at)).map_or(0, |(at, _)| at)
    }

    /// A size that the text, or a Rust constant, fixes.
    fn size(&self, size: &Poly) -> Option<TokenStream> {
        if let Some(n) = size.as_constant() {
            let n = proc_macro2::Literal::usize_unsuffixed(usize::try_from(n).unwrap_or(0));
            return Some(quote!(#n));
        }
        let name = |u: Unknown| match u {
            Unknown::Dim(k) => self.model.dims.get(k as usize).and_then(|d| self.interpolation(&d.name)),
            Unknown::Index(_) => None,
        };
        if size.unknowns().into_iter().any(|u| name(u).is_none()) {
            return None;
        }
        if let [unknown] = size.unknowns()[..]
            && *size == Poly::unknown(unknown)
        {
            let value = &name(unknown)?.value;
            return Some(quote!({ #value }));
        }
        let text = size.display(&|u| {
            let value = name(u).map(|one| one.value.to_string()).unwrap_or_default();
            format!("({value}) as ::core::primitive::i64")
        });
        let value: TokenStream = text.parse().ok()?;
        Some(quote!({ (#value) as ::core::primitive::usize }))
    }

    /// The type of an array.
    fn array(&self, shape: &[Poly]) -> Type {
        let small = |shape: &[Poly]| {
            let sizes = shape.iter().filter_map(Poly::as_constant).filter_map(|n| usize::try_from(n).ok());
            sizes.fold(1_usize, usize::saturating_mul) <= LARGEST
        };
        let fixed: Option<Vec<TokenStream>> = shape.iter().map(|size| self.size(size)).collect();
        match (shape.len(), fixed) {
            (0, _) => Type::Scalar,
            (1 | 2, Some(sizes)) if small(shape) => Type::Fixed(sizes),
            (1, _) => Type::Vector,
            (2, _) => Type::Matrix,
            _ => Type::Array,
        }
    }

    /// The user's words, and the declaration.
    fn doc(&self, doc: Option<&str>, keyword: &str, name: &str, shape: &[Poly], attributes: &str) -> String {
        let shape = if shape.is_empty() { String::new() } else { self.model.tree.show_shape(shape) };
        let declaration = format!("`{keyword} {name}{shape}{attributes}`");
        match doc {
            Some(doc) => format!("{}\n\n{declaration}", doc.trim_end()),
            None => declaration,
        }
    }
}

fn field(ident: Ident, doc: String, kind: Type, position: usize, name: &str, rank: usize) -> Field {
    Field { ident, doc, kind, position, optional: false, name: name.to_owned(), rank }
}

fn attributes(kind: ParameterKind) -> String {
    let all = [
        (kind.nonneg, "nonneg"),
        (kind.nonpos, "nonpos"),
        (kind.pos, "pos"),
        (kind.neg, "neg"),
        (kind.symmetric, "symmetric"),
        (kind.psd, "psd"),
        (kind.nsd, "nsd"),
        (kind.diag, "diag"),
        (kind.sparse, "sparse"),
        (kind.int, "int"),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, word)| format!(" {word}")).collect()
}
